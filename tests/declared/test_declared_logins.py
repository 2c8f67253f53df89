"""Access tokens: asked for once, kept until they end, and asked for once more when they are refused."""

import asyncio
from datetime import timedelta

import pytest
from declared_files import ACME, NOW, SETTINGS, plugin
from test_declared_sending import DONE, TO

from connectors.kit.base import Outbound, Sent, Tools
from connectors.kit.config import configured
from connectors.kit.declared import DeclarationError
from connectors.kit.declared.simulator import simulator_of
from connectors.kit.errors import Misconfigured, Temporary
from connectors.kit.http import Http
from connectors.kit.testing.simulator import Reply
from normalizer.payload import Payload

LOGIN = """\
  login:
    url: "{api_base}/login"
    form: {grant_type: client_credentials, client_secret: "{word}"}
    token: access_token
    again: [401, expired]
"""
BEARER = '{authorization: "Bearer {access_token}"}'
ACCESS = ACME.replace("send:\n", f"send:\n{LOGIN}").replace('{x-key: "{word}"}', BEARER)
SIMULATED = ACCESS.replace("simulated:\n", 'simulated:\n  login: {json: {access_token: "{id}", expires_in: 3600}}\n')
GIVEN = [Reply.json({"access_token": f"t{number}", "expires_in": 3600}) for number in range(3)]


def after(kind, replies, *times):
    """What the provider saw, and what became of sends at these times, while it answered so, one after the other."""

    left = list(replies)

    class Answering(simulator_of(kind)):
        async def answer(self, request):  # noqa: ARG002 - in their order
            return left.pop(0)

    async def run(provider):
        clock = [NOW]
        config = configured(kind.Config, provider.settings())
        http = Http("acme", trusted=kind.trusted_origins(config))
        acme = kind(config, Tools("acme", http, lambda: clock[0]))
        results = []
        try:
            for at in times:
                clock[0] = at
                try:
                    results.append(await acme.send(Outbound("t", TO, Payload(text="hi"))))
                except (Misconfigured, Temporary) as error:
                    results.append(error)
        finally:
            await http.close()
        return results

    with Answering(SETTINGS) as provider:
        results = asyncio.run(run(provider))
        seen = [(each.path, each.headers.get("authorization")) for each in provider.requests]
        return seen, results


@pytest.fixture
def kind(tmp_path):
    return plugin(tmp_path, SIMULATED)


def test_a_token_is_kept_until_a_minute_before_its_end(kind):
    times = (NOW, NOW + timedelta(seconds=3539), NOW + timedelta(seconds=3540))
    seen, results = after(kind, [GIVEN[0], DONE, DONE, GIVEN[1], DONE], *times)
    assert seen == [
        ("/login", None),
        *([("/send/447700900222", "Bearer t0")] * 2),
        ("/login", None),
        ("/send/447700900222", "Bearer t1"),
    ]
    assert results == [Sent(("12",))] * 3


@pytest.mark.parametrize("refusal", [Reply(401), Reply.json({"error": "expired"})])
def test_a_kept_token_that_is_refused_is_asked_for_once_more(kind, refusal):
    seen, results = after(kind, [GIVEN[0], DONE, refusal, GIVEN[1], DONE], NOW, NOW)
    assert [token for _, token in seen] == [None, "Bearer t0", "Bearer t0", None, "Bearer t1"]
    assert results == [Sent(("12",))] * 2


def test_a_new_token_that_is_refused_stops_the_lane_and_is_forgotten(kind):
    seen, results = after(kind, [GIVEN[0], Reply(401), GIVEN[1], DONE], NOW, NOW)
    assert isinstance(results[0], Misconfigured)
    assert [token for _, token in seen] == [None, "Bearer t0", None, "Bearer t1"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(400), Misconfigured),
        (Reply.json({}), Misconfigured),
        (Reply.json({"access_token": 7}), Misconfigured),
        (Reply(200, b"<html>"), Misconfigured),
        (Reply(503), Temporary),
        (Reply(429), Temporary),
    ],
)
def test_without_a_token_nothing_is_sent(kind, reply, error):
    seen, (raised,) = after(kind, [reply], NOW)
    assert type(raised) is error
    assert len(seen) == 1


def test_a_token_that_does_not_say_how_long_it_lasts_is_asked_for_each_time(kind):
    seen, _ = after(kind, [Reply.json({"access_token": "t"}), DONE] * 2, NOW, NOW)
    assert [path for path, _ in seen] == ["/login", "/send/447700900222"] * 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (ACCESS, "`login` is missing: what its request is answered"),
        (SIMULATED.replace("client_secret: ", 'to: "{to}", client_secret: '), "{to} is neither a setting nor"),
    ],
)
def test_a_login_that_cannot_work_is_refused_when_the_file_is_loaded(tmp_path, text, told):
    with pytest.raises(DeclarationError, match=told):
        plugin(tmp_path, text)
