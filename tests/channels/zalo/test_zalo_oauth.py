"""What an account allows in a browser, and tokens that are replaced at each use. A library is the judge."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
import requests
import zalo_sdk.oa
from zalo_account import ALLOWED, HELLO, SETTINGS, during

from connectors.channels.zalo import Zalo
from connectors.channels.zalo.config import Config
from connectors.channels.zalo.simulator import SEND, TOKENS, Simulator, denied, failure
from connectors.kit.base import Account, Asked
from connectors.kit.config import configured
from connectors.kit.errors import KitError, Misconfigured, Refused, Temporary
from connectors.kit.testing.simulator import Reply
from gateway.send.asks import Accepted
from tests.background.heronry import eventually, rows
from tests.channels import beside
from tests.channels.beside import CONNECTOR, HOOK, running
from tests.channels.desk import Desk

DAY = timedelta(hours=26)


@pytest.fixture
def provider():
    with Simulator(ALLOWED, HOOK) as simulator:
        yield simulator


def asked_of(provider: Simulator) -> list[tuple[str, dict[str, str]]]:
    """With which secret key, and what, was asked of Zalo's tokens."""
    found = [one for one in provider.requests if one.path == TOKENS]
    return [(one.headers["secret_key"], dict(parse_qsl(one.body.decode()))) for one in found]


async def _asked(plugin: Zalo) -> Asked:
    return plugin.authorization()


async def _send_thrice(plugin: Zalo) -> list[KitError | None]:
    ends: list[KitError | None] = []
    for _ in range(3):
        try:
            await plugin.send(HELLO)
            ends.append(None)
        except KitError as error:
            ends.append(error)
    return ends


def test_an_account_allows_it_and_messages_leave_as_the_account(provider):
    desk = Desk(Zalo, provider)
    assert desk.authorize() == Account(name="Acme", details={"id": SETTINGS["oa_id"]})
    desk.send(HELLO)
    assert provider.requests[-1].headers["access_token"] == provider.allowing.access
    ((secret, exchange),) = asked_of(provider)
    assert (secret, len(exchange.pop("code_verifier"))) == (ALLOWED["app_secret_key"], 64)
    assert exchange == {"app_id": ALLOWED["app_id"], "grant_type": "authorization_code", "code": "code-1"}


def test_tokens_are_renewed_in_time_and_each_refresh_token_is_used_once(provider):
    desk = Desk(Zalo, provider)
    desk.authorize()
    first = provider.allowing.refresh
    for _ in range(2):
        desk.now += DAY
        desk.send(HELLO)
        desk.send(HELLO)
    renewals = [told for _, told in asked_of(provider)[1:]]
    head = {"app_id": ALLOWED["app_id"], "grant_type": "refresh_token"}
    assert [{**one, "refresh_token": ""} for one in renewals] == [{**head, "refresh_token": ""}] * 2
    assert renewals[0]["refresh_token"] == first
    assert len({one["refresh_token"] for one in renewals}) == 2
    assert len(provider.sent) == 4


def test_an_access_token_that_ended_before_its_time_is_renewed_once_and_the_message_leaves_once(tmp_path, provider):
    async def test() -> None:
        async with running(tmp_path, "zalo", provider) as hub:
            plugin = hub.hub.connectors[CONNECTOR].plugin
            asked = plugin.authorization()
            await plugin.authorize(asked, provider.allowing.allow(asked.url))
            assert await hub.heard(provider.genuine(provider.message("Where is it?"))) == 200
            provider.allowing.access = "what Zalo put in its place"
            assert isinstance(await hub.say("It left."), Accepted)
            await eventually(lambda: hub.statuses() == ["accepted"])
        assert [one["message"] for one in provider.sent.values()] == [{"text": "It left."}]
        assert [told["grant_type"] for _, told in asked_of(provider)] == ["authorization_code", "refresh_token"]

    asyncio.run(test())


def test_a_token_that_is_refused_though_it_is_new_is_the_operators_to_mend(provider):
    desk = Desk(Zalo, provider)
    desk.authorize()

    class Refusing(Simulator):
        async def answer(self, request: Any) -> Reply:
            if request.path == SEND:
                return failure(-216, "Access token has expired")
            return await super().answer(request)

    with Refusing(ALLOWED) as refusing:
        refusing.allowing.refresh = provider.allowing.refresh
        desk.provider = refusing
        first, second, _ = desk.do(_send_thrice)
        assert (type(first), type(second), len(asked_of(refusing))) == (Temporary, Misconfigured, 1)
    assert "onethread connectors authorize support" in str(second)


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (denied("Invalid refresh token"), Misconfigured, "Invalid refresh token.*connectors authorize support"),
        (failure(-32, "Rate limited"), Temporary, "Rate limited"),
        (Reply(403), Misconfigured, "403.*connectors authorize support"),
        (Reply(400), Misconfigured, "400.*connectors authorize support"),
        (Reply(503), Temporary, "503"),
        (Reply(200, b"<html>"), Temporary, "cannot be read"),
        (Reply.json({"access_token": "one"}), Temporary, "cannot be read"),
        (Reply.json({"access_token": "two words", "refresh_token": "one"}), Temporary, "cannot be read"),
    ],
)
def test_what_keeps_it_from_being_renewed_is_told_and_no_message_is_in_doubt(provider, reply, error, says):
    desk = Desk(Zalo, provider)
    desk.authorize()
    before = dict(desk.state.kept)
    desk.now += DAY
    with beside.answering(Simulator, ALLOWED, reply) as failing:
        desk.provider = failing
        with pytest.raises(error, match=says) as raised:
            desk.send(HELLO)
        assert [one.path for one in failing.requests] == [TOKENS]
    assert desk.state.kept == before
    assert "nobody-shall-see" not in f"{raised.value}"


def test_a_refresh_token_that_is_used_up_stops_the_connector_until_it_is_authorised_again(tmp_path, provider):
    provider.allowing.lasts = 1

    async def test() -> None:
        async with running(tmp_path, "zalo", provider) as hub:
            plugin = hub.hub.connectors[CONNECTOR].plugin
            asked = plugin.authorization()
            await plugin.authorize(asked, provider.allowing.allow(asked.url))
            assert await hub.heard(provider.genuine(provider.message("Where is it?"))) == 200
            provider.allowing.refresh = "what a process that died was given"
            await asyncio.sleep(1.0)
            await hub.say("It left.")
            found = "SELECT state, paused_why LIKE '%onethread connectors authorize support' FROM lanes"
            await eventually(lambda: rows(hub.hub, found) == [("down", 1)])
        assert provider.sent == {}

    asyncio.run(test())


@pytest.mark.parametrize(
    ("landed", "why"),
    [
        (lambda _: "https://127.0.0.1/?code=code-1&state=another", "begin again"),
        (lambda _: "http://[", "begin again"),
        (
            lambda url: f"https://127.0.0.1/?error=denied&state={dict(parse_qsl(urlsplit(url).query))['state']}",
            "denied",
        ),
    ],
)
def test_what_does_not_follow_the_asking_is_refused_and_nothing_is_kept(provider, landed, why):
    desk = Desk(Zalo, provider)
    with pytest.raises(Refused, match=why):
        desk.authorize(landed)
    assert (desk.state.kept, provider.requests) == ({}, [])


def test_another_account_than_the_connectors_is_not_kept(provider):
    desk = Desk(Zalo, provider, oa_id="333")
    with pytest.raises(Misconfigured, match="another account"):
        desk.authorize()
    assert desk.state.kept == {}


def test_where_the_token_is_a_setting_there_is_nothing_to_allow():
    with Simulator(SETTINGS) as older, pytest.raises(Misconfigured, match="only with app_secret_key"):
        during(older, _asked)


@pytest.mark.parametrize("settings", [{**SETTINGS, **ALLOWED}, {**ALLOWED, "app_secret_key": None}])
def test_one_of_both_is_set(settings):
    with pytest.raises(msgspec.ValidationError, match=r"app_secret_key.*or access_token"):
        configured(Config, settings)


def test_the_library_asks_for_the_same(provider, monkeypatch):
    desk = Desk(Zalo, provider)
    asked = []

    def note(url: str) -> str:
        asked.append(url)
        return provider.allowing.allow(url)

    desk.authorize(note)
    refresh = provider.allowing.refresh
    desk.now += DAY
    desk.send(HELLO)
    (_, first), (_, renewal) = asked_of(provider)
    posted = []

    def post(url: str, data: dict[str, str], headers: dict[str, str]) -> requests.Response:
        posted.append((url, headers, data))
        answer = requests.Response()
        answer.status_code = 200
        answer._content = b'{"access_token":"a","refresh_token":"r","expires_in":"90000"}'
        return answer

    monkeypatch.setattr(requests, "post", post)
    judge = zalo_sdk.oa.Client(ALLOWED["app_id"], ALLOWED["app_secret_key"], refresh_token=refresh)
    judge.refresh_acccess_token()
    judge.get_access_token_from_authorization_code(first["code"], first["code_verifier"])
    where = "https://oauth.zaloapp.com/v4/oa/access_token"
    headers = {"Content-Type": "application/x-www-form-urlencoded", "secret_key": ALLOWED["app_secret_key"]}
    assert posted == [(where, headers, renewal), (where, headers, first)]
    ours = urlsplit(asked[0])
    told = dict(parse_qsl(ours.query))
    theirs = urlsplit(
        judge.request_authoriation_code_url(told["redirect_uri"], told["code_challenge"], state=told["state"])
    )
    assert (ours.path, told) == (theirs.path, dict(parse_qsl(theirs.query)))
