"""What an account allows in a browser, and tokens that are replaced at each use. The SDKs of X are the judges."""

import asyncio
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
import tweepy
from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from x_account import ALLOWED, ANA, HELLO, SETTINGS, US

from connectors.channels.x import X
from connectors.channels.x.event import FAMILIES, MESSAGE, SEVERAL
from connectors.channels.x.oauth2 import SCOPES
from connectors.channels.x.simulator import Simulator
from connectors.kit.base import Account, Asked
from connectors.kit.errors import KitError, Misconfigured, Refused, Temporary
from connectors.kit.fixtures import WireRequest
from connectors.kit.secret import Secret
from connectors.kit.testing.simulator import Reply
from gateway.send.asks import Accepted
from gateway.settings.sealing import Seal
from tests.background.heronry import eventually, rows
from tests.channels import beside
from tests.channels.beside import CONNECTOR, HOOK, kept, running
from tests.channels.desk import Desk


@pytest.fixture
def provider():
    with Simulator(ALLOWED, HOOK) as simulator:
        yield simulator


def asked_of(provider: Simulator) -> list[dict[str, str]]:
    """What was asked of X's tokens."""
    return [dict(parse_qsl(one.body.decode())) for one in provider.requests if one.path == "/2/oauth2/token"]


def test_an_account_allows_it_and_messages_leave_as_the_account(provider):
    desk = Desk(X, provider)
    assert desk.authorize() == Account(name="Acme", details={"id": US, "username": "acme"})
    desk.send(HELLO)
    assert [one["text"] for one in provider.sent.values()] == ["Hello"]
    assert provider.requests[-1].headers["authorization"] == f"Bearer {provider.allowing.access}"
    (exchange,) = asked_of(provider)
    verifier = exchange.pop("code_verifier")
    assert exchange == {"grant_type": "authorization_code", "code": "code-1", "redirect_uri": "http://127.0.0.1/"}
    assert 43 <= len(verifier) <= 128
    basic = b64encode(b"client-id:client-secret-nobody-shall-see").decode()
    assert provider.requests[0].headers["authorization"] == f"Basic {basic}"


def test_tweepy_asks_for_the_same(provider):
    asked = Desk(X, provider).do(_asked)
    ours = dict(parse_qsl(urlsplit(asked.url).query))
    judge = tweepy.OAuth2UserHandler(
        client_id="client-id", redirect_uri="http://127.0.0.1/", scope=SCOPES.split(), client_secret="s"
    )
    theirs = dict(parse_qsl(urlsplit(judge.get_authorization_url()).query))
    changing = {"state", "code_challenge"}
    assert {name: ours[name] for name in ours.keys() - changing} == {
        name: theirs[name] for name in theirs.keys() - changing
    }
    assert len(ours["code_challenge"]) == len(theirs["code_challenge"])
    assert urlsplit(asked.url)._replace(query="").geturl() == "https://x.com/i/oauth2/authorize"


async def _asked(plugin: X) -> Asked:
    return plugin.authorization()


class Simulated(BaseAdapter):
    """Brings what tweepy asks to the simulator."""

    def __init__(self, provider: Simulator) -> None:
        super().__init__()
        self.provider = provider

    def send(self, request: PreparedRequest, **_: object) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = request.body.encode() if isinstance(request.body, str) else (request.body or b"")
        reply = asyncio.run(self.provider.answer(WireRequest("POST", "/2/oauth2/token", headers, body)))
        answer = Response()
        answer.status_code, answer._content, answer.request = reply.status, reply.body, request
        return answer

    def close(self) -> None: ...


def test_the_simulator_takes_what_tweepy_does(provider):
    judge = tweepy.OAuth2UserHandler(
        client_id="client-id",
        redirect_uri="http://127.0.0.1/",
        scope=SCOPES.split(),
        client_secret=ALLOWED["client_secret"],
    )
    judge.mount("https://", Simulated(provider))
    landed = provider.allowing.allow(judge.get_authorization_url()).replace("http://", "https://")
    first = judge.fetch_token(landed)
    again = judge.refresh_token("https://api.x.com/2/oauth2/token", auth=judge.auth)
    assert first["access_token"] != again["access_token"] == provider.allowing.access


def test_tokens_are_renewed_in_time_and_each_refresh_token_is_used_once(provider):
    desk = Desk(X, provider)
    desk.authorize()
    seen = [provider.allowing.refresh]
    for _ in range(3):
        desk.now += timedelta(hours=2)
        desk.send(HELLO)
        seen.append(provider.allowing.refresh)
    assert len(provider.sent) == 3
    assert asked_of(provider)[1:] == [{"grant_type": "refresh_token", "refresh_token": one} for one in seen[:-1]]


def test_a_public_client_names_itself(provider):
    with Simulator({name: value for name, value in ALLOWED.items() if name != "client_secret"}) as public:
        desk = Desk(X, public)
        desk.authorize()
        desk.now += timedelta(hours=2)
        desk.send(HELLO)
        assert [one["client_id"] for one in asked_of(public)] == ["client-id"] * 2
        assert not any("authorization" in one.headers for one in public.requests if one.path == "/2/oauth2/token")


@pytest.mark.parametrize(
    ("landed", "why"),
    [
        (lambda _: "http://127.0.0.1/?state=another&code=c", "begin again"),
        (lambda _: "http://127.0.0.1/?code=c", "begin again"),
        (lambda _: "", "begin again"),
        (lambda _: "http://[", "begin again"),
        (lambda url: f"http://127.0.0.1/?error=access_denied&state={_state(url)}", "access_denied"),
    ],
)
def test_what_does_not_follow_the_asking_is_refused_and_nothing_is_kept(provider, landed, why):
    desk = Desk(X, provider)
    with pytest.raises(Refused, match=why):
        desk.authorize(landed)
    assert (provider.requests, desk.state.kept) == ([], {})


def _state(url: str) -> str:
    return dict(parse_qsl(urlsplit(url).query))["state"]


def test_another_account_than_the_connectors_is_not_kept(provider):
    desk = Desk(X, provider, user_id="333")
    with pytest.raises(Misconfigured, match=f"user_id: the access token is of the account {US}"):
        desk.authorize()
    assert desk.state.kept == {}


def test_a_code_is_good_once(provider):
    desk, landed = Desk(X, provider), []

    def note(url: str) -> str:
        landed.append(provider.allowing.allow(url))
        provider.allowing._codes.clear()
        return landed[0]

    with pytest.raises(Misconfigured, match="authorization code was invalid"):
        desk.authorize(note)


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (Reply.json({"error": "invalid_grant"}, 400), Misconfigured, "connectors authorize support"),
        (Reply.json({"error": "invalid_client"}, 401), Misconfigured, "client_id, client_secret"),
        (Reply(400), Misconfigured, "client_id, client_secret"),
        (Reply(429), Temporary, "429"),
        (Reply(503), Temporary, "503"),
        (Reply(200, b"<html>"), Temporary, "cannot be read"),
        (Reply.json({"access_token": "two words"}), Temporary, "cannot be read"),
    ],
)
def test_what_keeps_it_from_being_renewed_is_told_and_no_message_is_in_doubt(provider, reply, error, says):
    desk = Desk(X, provider)
    desk.authorize()
    before = dict(desk.state.kept)
    desk.now += timedelta(hours=2)
    with beside.answering(Simulator, ALLOWED, reply) as failing:
        desk.provider = failing
        with pytest.raises(error, match=says) as raised:
            desk.send(HELLO)
        assert [one.path for one in failing.requests] == ["/2/oauth2/token"]
    assert desk.state.kept == before
    assert "nobody-shall-see" not in f"{raised.value}"


def test_an_answer_that_was_lost_is_the_operators_to_mend(provider):
    """As a death between the answer and the commit: X has used the token up, and nobody knows the next."""
    desk = Desk(X, provider)
    desk.authorize()
    desk.now += timedelta(hours=2)
    provider.allowing.refresh = "what nobody was given"
    with pytest.raises(Misconfigured, match="authorise it again: onethread connectors authorize support"):
        desk.send(HELLO)
    assert provider.sent == {}
    desk.authorize()
    desk.send(HELLO)
    assert len(provider.sent) == 1


def test_an_access_token_that_is_refused_before_its_time_is_replaced_once(provider):
    desk = Desk(X, provider)
    desk.authorize()

    async def send_thrice(plugin: X) -> list[KitError | None]:
        ends: list[KitError | None] = []
        for _ in range(3):
            try:
                await plugin.send(HELLO)
                ends.append(None)
            except KitError as error:
                ends.append(error)
        return ends

    provider.allowing.access = "taken back"
    refused, *sent = desk.do(send_thrice)
    assert (type(refused), sent, len(provider.sent)) == (Temporary, [None, None], 2)
    with beside.answering(Simulator, ALLOWED, Reply(401)) as failing:
        desk.provider = failing
        assert [type(error) for error in desk.do(send_thrice)][:2] == [Temporary, Misconfigured]


def test_files_are_fetched_as_the_account(provider):
    desk = Desk(X, provider)
    desk.authorize()

    async def read(plugin: X) -> bytes:
        told = SEVERAL.decode(bytes(FAMILIES.decode(provider.picture(b"octets"))["direct_message_events"]))
        attachment = MESSAGE.decode(bytes(told[0])).message_create.message_data.attachment
        assert attachment is not None
        assert attachment.media is not None
        fetched = await plugin.fetch(attachment.media.media_url_https or "")
        return b"".join([chunk async for chunk in fetched.chunks])

    assert desk.do(read) == b"octets"


def test_an_account_that_is_asked_for_by_oauth_1_has_nothing_to_allow():
    with Simulator(SETTINGS) as older, pytest.raises(Misconfigured, match="only with client_id"):
        beside.during(X, older, _asked)


def test_a_hub_keeps_the_tokens_over_a_restart_and_says_when_somebody_has_to_allow_it_again(tmp_path, provider):
    provider.allowing.lasts = 1

    async def test() -> None:
        async with running(tmp_path, "x", provider) as hub:
            plugin = hub.hub.connectors[CONNECTOR].plugin
            asked = plugin.authorization()
            await plugin.authorize(asked, provider.allowing.allow(asked.url))
            assert await hub.heard(provider.genuine(provider.message("Where is it?", ANA))) == 200
        async with running(tmp_path, "x", provider) as hub:
            first = provider.allowing.refresh
            await asyncio.sleep(1.0)
            assert isinstance(await hub.say("It left."), Accepted)
            await eventually(lambda: hub.statuses() == ["accepted"])
            assert provider.allowing.refresh != first
        provider.allowing.refresh = "what a process that died was given"
        await asyncio.sleep(1.0)
        async with running(tmp_path, "x", provider) as hub:
            await hub.say("Anything else?")
            found = "SELECT state, paused_why LIKE '%onethread connectors authorize support' FROM lanes"
            await eventually(lambda: rows(hub.hub, found) == [("down", 1)])
        assert len(provider.sent) == 1

    asyncio.run(test())
    stored = kept(tmp_path)
    assert provider.allowing.access.encode() in stored  # no key closes the store of this test


def test_with_a_key_nobody_finds_the_tokens_in_the_store(tmp_path, provider):
    async def test() -> None:
        async with running(tmp_path, "x", provider) as hub:
            plugin, seal = hub.hub.connectors[CONNECTOR].plugin, Seal([Secret("QUJD" * 10 + "QUI=")])
            closed = X(plugin.config, replace(plugin.tools, state=hub.hub.keeping.of(CONNECTOR, seal)))
            asked = closed.authorization()
            await closed.authorize(asked, provider.allowing.allow(asked.url))
            assert rows(hub.hub, "SELECT connector_id, name FROM states") == [(CONNECTOR, "grant")]

    asyncio.run(test())
    assert b"nobody-shall-see" not in kept(tmp_path)
