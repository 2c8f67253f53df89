"""A token of `login` besides sending: for checks, webhooks, lists and files, renewed once when it is refused."""

import asyncio

import pytest
from declared_files import ACME, NOW, SETTINGS, plugin
from test_declared_backfilling import ANSWER as LISTED
from test_declared_backfilling import BACKFILL, SINCE
from test_declared_checking import CHECK
from test_declared_logins import ACCESS, BEARER, GIVEN, SIMULATED
from test_declared_registering import ANSWER as HOOKED
from test_declared_registering import REGISTER

from connectors.kit.base import Account, Registration, Tools
from connectors.kit.config import configured
from connectors.kit.declared import DeclarationError
from connectors.kit.declared.simulator import simulator_of
from connectors.kit.errors import KitError, Misconfigured, Refused
from connectors.kit.http import Http
from connectors.kit.testing.simulator import HUB_URL, Reply

KEY = '{x-key: "{word}"}'
FETCH = f"fetch: {{headers: {BEARER}, hosts: [files.acme.example]}}\n"
ASKS = "".join((CHECK, REGISTER.replace("  needs: [sender]\n", ""), BACKFILL)).replace(KEY, BEARER) + FETCH
ASKS = ASKS.replace("set: {method: PUT,", f"set: {{method: PUT, headers: {BEARER},")
ANSWERS = f"simulated:\n  check: {{json: {{}}}}\n{HOOKED}{LISTED}"
WHOLE = SIMULATED.replace("send:\n", f"{ASKS}send:\n", 1).replace("simulated:\n", ANSWERS)
ACCOUNT = Reply.json({"data": {"name": "Acme"}})
HOOK = Reply.json({"app": {"hook": "https://hub.example.com/in"}})
NOTHING = Reply.json({"list": []})
PICTURE = Reply(200, b"octets", {"content-type": "image/png"})


@pytest.fixture
def kind(tmp_path):
    return plugin(tmp_path, WHOLE)


async def fetched(acme, api):
    file = await acme.fetch(f"{api}/files/1")
    return b"".join([chunk async for chunk in file.chunks])


ACTS = {
    "check": (lambda acme, _: acme.check(), ACCOUNT, Account(name="Acme")),
    "registration": (lambda acme, _: acme.registration(), HOOK, Registration(url="https://hub.example.com/in")),
    "backfill": (lambda acme, _: acme.backfill(SINCE), NOTHING, []),
    "fetch": (fetched, PICTURE, b"octets"),
}
"""By ability: what is done, what a provider answers that lets it in, and what comes of it."""


def doing(kind, replies, *acts):
    """The tokens that the provider saw, and what came of each of these, while it answered so, one after the other."""
    left = list(replies)

    class Answering(simulator_of(kind)):
        async def answer(self, request):  # noqa: ARG002 - in their order
            return left.pop(0)

    async def run(provider):
        config = configured(kind.Config, provider.settings())
        http = Http("acme", trusted=kind.trusted_origins(config))
        acme = kind(config, Tools("acme", http, lambda: NOW))
        results = []
        try:
            for act in acts:
                try:
                    found = await act(acme, provider.url)
                except KitError as error:
                    found = error
                results.append(getattr(found, "inbound", found))
        finally:
            await http.close()
        return results

    with Answering({**SETTINGS, "sender": "5"}) as provider:
        results = asyncio.run(run(provider))
        return [each.headers.get("authorization") for each in provider.requests], results


@pytest.mark.parametrize("name", ACTS)
def test_what_is_asked_has_the_token_that_is_kept(kind, name):
    act, reply, result = ACTS[name]
    seen, results = doing(kind, [GIVEN[0], reply, reply], act, act)
    assert seen == [None, "Bearer t0", "Bearer t0"]
    assert results == [result, result]


@pytest.mark.parametrize("name", ACTS)
def test_a_kept_token_that_is_refused_is_renewed_once(kind, name):
    act, reply, result = ACTS[name]
    seen, results = doing(kind, [GIVEN[0], reply, Reply(401), GIVEN[1], reply], act, act)
    assert seen == [None, "Bearer t0", "Bearer t0", None, "Bearer t1"]
    assert results == [result, result]


@pytest.mark.parametrize("name", ACTS)
def test_a_new_token_that_is_refused_is_the_credentials_fault(kind, name):
    act, reply, result = ACTS[name]
    seen, (error, found) = doing(kind, [GIVEN[0], Reply(401), GIVEN[1], reply], act, act)
    assert type(error) is Misconfigured
    assert "a new access token was refused" in error.detail
    assert (seen, found) == ([None, "Bearer t0", None, "Bearer t1"], result)


def test_a_code_may_refuse_the_token_too(kind):
    act, reply, result = ACTS["check"]
    refused = Reply.json({"error": "expired"}, 400)
    assert doing(kind, [GIVEN[0], reply, refused, GIVEN[1], reply], act, act)[1] == [result, result]


def test_setting_a_webhook_takes_one_token_for_both_requests(kind):
    seen, (told,) = doing(kind, [GIVEN[0], HOOK, HOOK], lambda acme, _: acme.register(HUB_URL))
    assert (seen, told.url) == ([None, "Bearer t0", "Bearer t0"], "https://hub.example.com/in")


def test_a_file_that_is_gone_costs_no_other_token(kind):
    seen, (error,) = doing(kind, [GIVEN[0], Reply(404)], fetched)
    assert (seen, type(error)) == ([None, "Bearer t0"], Refused)


def test_what_does_not_name_the_token_is_asked_without_one(tmp_path):
    text = WHOLE.replace(CHECK.replace(KEY, BEARER), CHECK)
    act, reply, result = ACTS["check"]
    assert doing(plugin(tmp_path, text), [reply], act) == ([None], [result])


def test_a_token_that_ended_while_another_was_asked_for_is_not_lost(kind):
    """Of two that find the same token refused, the later one must not throw the newer token away."""

    async def run(acme, _):
        token, _ = await acme.access.token()
        assert [acme.access.lapsed(token, "401") for _ in range(2)] == [True, True]
        newer, _ = await acme.access.token()
        assert acme.access.lapsed(token, "401")
        return newer, await acme.access.token()

    seen, ((newer, kept),) = doing(kind, GIVEN[:2], run)
    assert (len(seen), newer, kept) == (2, "t1", ("t1", False))


@pytest.mark.parametrize("text", [ACME.replace(KEY, BEARER), ACME.replace("send:\n", f"{FETCH}send:\n", 1)])
def test_without_a_login_there_is_no_token(tmp_path, text):
    with pytest.raises(DeclarationError, match="access_token} is neither a setting nor"):
        plugin(tmp_path, text)


def test_the_token_of_files_goes_to_the_provider_alone(tmp_path):
    elsewhere = FETCH.replace("fetch: {", 'fetch: {url: "{api_base}/f/{file_id}?t={access_token}", ')
    with pytest.raises(DeclarationError, match="access_token} is neither a setting nor"):
        plugin(tmp_path, ACCESS.replace("send:\n", f"{elsewhere}send:\n", 1))


def test_whatever_is_asked_shares_one_token(kind):
    act, reply, result = ACTS["check"]
    fetch, picture, octets = ACTS["fetch"]
    seen, results = doing(kind, [GIVEN[0], reply, picture], act, fetch)
    assert (seen, results) == ([None, "Bearer t0", "Bearer t0"], [result, octets])
