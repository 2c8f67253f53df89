"""What a workspace answers, and what the hub is told; settings, files, and what is kept."""

import asyncio
from dataclasses import replace

import msgspec
import pytest
from rocketchat_API.rocketchat import RocketChat as Library
from rocketchat_workspace import FIXTURES, HELLO, SETTINGS, answering, during

from connectors.channels.rocketchat import RocketChat
from connectors.channels.rocketchat.config import Config
from connectors.channels.rocketchat.simulator import ROOM, Simulator, failure
from connectors.kit.base import Account, Tools
from connectors.kit.config import configured
from connectors.kit.errors import BadPayload, Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.fixtures import canonical, read_fixtures
from connectors.kit.request import Request
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode
from normalizer.parts import LocationPart
from normalizer.payload import Payload
from tests.channels.beside import HOOK, NOW


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


def made(**settings):
    return RocketChat(configured(Config, {**SETTINGS, **settings}), Tools("support", None))


@pytest.mark.parametrize(
    ("reply", "error", "code", "provider_code"),
    [
        (failure(400, "no", "error-not-allowed"), Refused, ErrorCode.UNKNOWN, "error-not-allowed"),
        (Reply.json({"success": False, "error": "room-closed"}, 400), Refused, ErrorCode.UNKNOWN, "400"),
        (Reply.json({"success": False, "error": "no"}), Refused, ErrorCode.UNKNOWN, "200"),
        (failure(429, "slow down", "error-too-many-requests"), Temporary, ErrorCode.RATE_LIMITED, "429"),
        (Reply.json({"status": "error", "message": "log in"}, 401), Misconfigured, ErrorCode.AUTH_FAILED, "401"),
        (Reply(403, b"<html>"), Misconfigured, ErrorCode.AUTH_FAILED, "403"),
        (Reply(404, b"<html>"), Refused, ErrorCode.UNKNOWN, "404"),
        (Reply(502, b"<html>"), OutcomeUnknown, ErrorCode.PROVIDER_DOWN, "502"),
        (Reply(200, b"<html>"), OutcomeUnknown, ErrorCode.PROVIDER_DOWN, None),
        (Reply(200, b"{}"), OutcomeUnknown, ErrorCode.PROVIDER_DOWN, "200"),
        (Reply.json({"success": True}), OutcomeUnknown, ErrorCode.PROVIDER_DOWN, None),
    ],
)
def test_each_answer_leads_to_its_next_act(reply, error, code, provider_code):
    with answering(reply) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    assert (raised.value.code, raised.value.provider_code) == (code, provider_code)


@pytest.mark.parametrize(
    "outbound",
    [
        replace(HELLO, thread=None),
        replace(HELLO, payload=Payload()),
        replace(HELLO, payload=Payload(location=LocationPart(latitude=1, longitude=2))),
    ],
)
def test_what_a_room_cannot_hold_is_refused(provider, outbound):
    with pytest.raises(Refused):
        during(provider, lambda plugin: plugin.send(outbound))
    assert provider.requests == []


def test_the_library_sends_what_we_send_and_reads_what_is_answered(provider):
    (case,) = read_fixtures(FIXTURES).outbound
    told = msgspec.json.decode(case.wire[0].body)
    library = Library(
        user_id=SETTINGS["user_id"], auth_token=SETTINGS["auth_token"], server_url=provider.settings()["api_base"]
    )
    answer = library.chat_post_message(told["text"], room_id=told["roomId"])
    during(provider, lambda plugin: plugin.send(case.outbound))
    theirs, ours = map(canonical, provider.requests)
    named = ("x-auth-token", "x-user-id", "content-type")
    assert (theirs.method, theirs.path, msgspec.json.decode(theirs.body)) == (ours.method, ours.path, told)
    assert [theirs.headers[name] for name in named] == [ours.headers[name] for name in named]
    assert answer["message"]["rid"] == ROOM
    assert library.me()["_id"] == SETTINGS["user_id"]


def test_the_check_says_who_speaks(provider):
    account = during(provider, lambda plugin: plugin.check())
    assert account == Account(name="The hub", details={"id": SETTINGS["user_id"]})


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply.json({"success": True, "_id": "another"}), Misconfigured),
        (Reply.json({"success": False, "error": "no"}, 400), Misconfigured),
        (Reply(401), Misconfigured),
        (Reply(500), Temporary),
        (Reply(200, b"["), Temporary),
    ],
)
def test_what_the_check_may_meet(reply, error):
    with answering(reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.check())


def test_only_the_workspace_itself_is_shown_the_users_token(provider):
    async def fetched(plugin, source):
        return [chunk async for chunk in (await plugin.fetch(source)).chunks]

    with Simulator(SETTINGS) as elsewhere:
        source = msgspec.json.decode(elsewhere.picture(b"octets"))["messages"][0]["fileUpload"]["publicFilePath"]
        with pytest.raises(Refused):  # an address that nobody configured is guarded
            during(provider, lambda plugin: fetched(plugin, source))
        assert elsewhere.requests == []
    ours = msgspec.json.decode(provider.picture(b"octets"))["messages"][0]["fileUpload"]["publicFilePath"]
    assert during(provider, lambda plugin: fetched(plugin, ours)) == [b"octets"]
    assert provider.requests[-1].headers["x-auth-token"] == SETTINGS["auth_token"]
    assert "x-auth-token" not in asyncio.run(_headers_elsewhere())


async def _headers_elsewhere():
    """What a request to an address of somebody else's would carry."""
    plugin, seen = made(), []

    class Http:
        def stream(self, _method, _url, *, headers, most):  # noqa: ARG002 - as the hub's client has it
            seen.append(headers)
            raise Refused("nothing is fetched here")

    plugin.tools = Tools("support", Http())
    with pytest.raises(Refused):
        await anext((await plugin.fetch("https://elsewhere.example/f")).chunks)
    (headers,) = seen
    return headers


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (
            b'{"type":"Message","visitor":{"token":"open","_id":"v"}}',
            b'{"type":"Message","visitor":{"token":"***","_id":"v"}}',
        ),
        (b'{"visitor":{"_id":"v"}}', b'{"visitor":{"_id":"v"}}'),
        (b'{"type":"x"}', b'{"type":"x"}'),
        (b'{"visitor":"v"}', b'{"visitor":"v"}'),
        (b"[1]", b"[1]"),
        (b"no json", b"no json"),
    ],
)
def test_the_visitors_token_is_not_kept(body, kept):
    assert made().kept(Request("POST", HOOK, {}, body, NOW)).body == kept


def test_a_message_without_a_visitor_does_not_read():
    with pytest.raises(BadPayload):
        made().parse(Request("POST", HOOK, {}, b'{"type":"Message","_id":"r","messages":[]}', NOW))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({**SETTINGS, "api_base": "chat.example.com"}, "api_base"),
        ({**SETTINGS, "user_id": ""}, "user_id"),
        ({**SETTINGS, "auth_token": ""}, "auth_token"),
        ({**SETTINGS, "auth_token": "one\nX-Other: two"}, "auth_token"),
        ({**SETTINGS, "webhook_secret": ""}, "webhook_secret"),
    ],
)
def test_a_wrong_setting_is_named(settings, says):
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, settings)
    assert SETTINGS["auth_token"] not in str(error.value)
