"""A call inside a conversation that began in the chat: one contact, one history, cards pushed while they talk."""

import asyncio
from contextlib import asynccontextmanager

import jwt
import msgspec
import pytest
from twilio.jwt.access_token import AccessToken
from twilio_voice_calls import ADA, MINA, SETTINGS, plugin, simulator, story

from connectors.channels.chat.config import Config as ChatConfig
from connectors.channels.chat.simulator import HEADER, told, user_token
from connectors.channels.chat.tokens import CALLER
from connectors.channels.twilio_voice.acts import HangUp, Leave, Press
from connectors.channels.twilio_voice.claims import vouched
from connectors.kit.config import configured
from connectors.kit.errors import Misconfigured, Refused
from connectors.kit.fixtures import WireRequest, as_request
from connectors.kit.secret import Secret
from gateway.api.app import create_app
from gateway.hub import Hub
from gateway.receive import receive
from gateway.send.asks import Accepted
from gateway.settings.loading import load
from gateway.store.times import now
from normalizer.inbound import Claim
from normalizer.parts import Card, CardsPart
from tests.background.heronry import eventually, rows, texts
from tests.channels.beside import CONNECTOR, HOOK, HUB, NOW, Beside
from tests.web.parrot import bearer

CHAT = {"secret": "visitors-secret-of-the-tests-0001", "jwt_secret": "users-secret-of-the-tests-00000001"}
APP = {"key_sid": "SK77", "key_secret": "key-nobody_shall_see-00000000002", "application_sid": "AP88"}


@asynccontextmanager
async def running(folder, provider):
    """A hub with a chat `app` and the number."""
    path = folder / "onethread.yaml"
    connectors = {"app": {"plugin": "chat", **CHAT}, CONNECTOR: {"plugin": "twilio_voice", **provider.settings()}}
    whole = {"public_url": HUB, "store": "sqlite:///hub.db", "files": "./files", "connectors": connectors}
    path.write_text(msgspec.json.encode(whole).decode())
    hub = Hub(load(path, {}))
    await hub.start()

    async def deliver(wire):
        answer = await receive(hub, hub.connectors[CONNECTOR], as_request(wire, HOOK, now()))
        return answer.status, answer.body

    provider.deliver = deliver
    try:
        yield Beside(hub)
    finally:
        await hub.stop()


async def chats(beside, text, sub="user_42", **claims):
    """A signed-in user writes in the chat."""
    token = user_token(configured(ChatConfig, CHAT), sub, **claims)
    headers = {HEADER: f"Bearer {token}", "content-type": "application/json", CALLER: told(token)}
    frame = msgspec.json.encode({"type": "message", "client_id": f"m-{len(text)}", "text": text})
    wire = WireRequest("POST", "/app", headers, frame)
    return (await receive(beside.hub, beside.hub.connectors["app"], as_request(wire, "chat://hub", now()))).status


def conversations_of(beside):
    found = rows(beside.hub, "SELECT body FROM events WHERE type LIKE 'call.%' OR type LIKE 'message.%'")
    return {msgspec.json.decode(body)["source"] for (body,) in found}


@pytest.fixture
def provider():
    with simulator(**APP) as twilio:
        yield twilio


def run(test):
    asyncio.run(test())


def test_a_whole_call_in_a_conversation_that_began_in_the_chat(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            assert await chats(hub, "Where is it?", phone_number=MINA, phone_number_verified=True) == 200
            await provider.dial_in(Press("1"), Press("1"), answers=[ADA])
            await provider.dial_in(Press("2"), Leave("It is about my order"))
            await eventually(lambda: rows(hub.hub, "SELECT state FROM attachments") == [("stored",)])
            assert len(conversations_of(hub)) == 1
            assert texts(hub.hub) == ["Where is it?", "Voicemail, 12 s: It is about my order"]
            assert [one for one in story(hub) if one.startswith("ended")] == ["ended completed", "ended voicemail"]

    run(test)


def test_cards_are_pushed_into_the_callers_chat_during_the_call(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await chats(hub, "I will call you", phone_number=MINA, phone_number_verified=True)
            gone_on = asyncio.Event()
            deliver = provider.deliver

            async def push_when_answered(wire):
                answer = await deliver(wire)
                if "on=leg" in wire.path:
                    card = CardsPart(cards=(Card(title="Your order", text="It has left."),))
                    pushed = await hub.say("", channel="chat", parts=(card,))
                    assert isinstance(pushed, Accepted)
                    gone_on.set()
                return answer

            provider.deliver = push_when_answered
            await provider.dial_in(Press("2"), answers=[ADA])
            assert gone_on.is_set()
            await eventually(lambda: hub.statuses()[0] in ("accepted", "delivered"))
            assert rows(hub.hub, "SELECT connector_id FROM deliveries") == [("app",)]
            types = [type_ for (type_,) in rows(hub.hub, "SELECT type FROM events ORDER BY position")]
            assert types.index("call.started") < types.index("message.created") < types.index("call.ended")
            assert len(conversations_of(hub)) == 1
            assert provider.calls == {}

    run(test)


def test_a_call_out_of_the_app_is_the_chats_contact_and_brings_its_context(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await chats(hub, "I will call you", phone_number=MINA, phone_number_verified=True)
            client = create_app(hub.hub).test_client()
            headers = await asyncio.to_thread(bearer, hub.hub)
            answer = await asyncio.to_thread(
                client.post,
                f"/v1/connectors/{CONNECTOR}/token",
                headers=headers,
                json={"identity": "user_42", "phone_number": "+44 7700 900222"},
            )
            assert answer.status_code == 200
            decoded = jwt.decode(answer.json["token"], APP["key_secret"], algorithms=["HS256"])
            grant = decoded["grants"]["voice"]["outgoing"]
            assert (decoded["grants"]["identity"], grant["application_sid"]) == ("user_42", "AP88")
            await provider.dial_in(HangUp(), caller="client:user_42", page="/basket", order="881", **grant["params"])
            assert len(conversations_of(hub)) == 1
            (started,) = rows(hub.hub, "SELECT body FROM events WHERE type = 'call.started'")
            call = msgspec.json.decode(started[0])["data"]["call"]
            assert call["context"]["page"] == {"value": "/basket", "signed": False}
            assert call["context"]["order"] == {"value": "881", "signed": False}

    run(test)


def test_what_was_vouched_for_of_another_user_proves_nothing(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await chats(hub, "mine", phone_number=MINA, phone_number_verified=True)
            anothers = vouched(Secret(SETTINGS["auth_token"]), "user_42", [Claim(scheme="tel", value=MINA)])
            for known in (anothers, "e30.0", "", anothers[:-1] + "x"):
                await provider.dial_in(HangUp(), caller="client:user_43", known=known)
            assert len(conversations_of(hub)) == 2

    run(test)


@pytest.mark.parametrize(
    ("connector", "body", "status"),
    [
        ("app", {"identity": "user_42"}, 409),
        ("nobody", {"identity": "user_42"}, 404),
        (CONNECTOR, {"identity": "user 42"}, 422),
        (CONNECTOR, {"identity": "user_42", "phone_number": "twelve"}, 422),
        (CONNECTOR, {}, 422),
    ],
)
def test_a_token_is_refused_with_a_reason(tmp_path, provider, connector, body, status):
    async def test():
        async with running(tmp_path, provider) as hub:
            client = create_app(hub.hub).test_client()
            headers = await asyncio.to_thread(bearer, hub.hub)
            path = f"/v1/connectors/{connector}/token"
            answer = await asyncio.to_thread(client.post, path, headers=headers, json=body)
            assert answer.status_code == status
            assert (await asyncio.to_thread(client.post, path, json=body)).status_code == 401

    run(test)


def test_twilios_own_library_reads_the_token():
    at = now()
    made = plugin(**APP, app_minutes=30, push_sid="CR99").token("user_42", (), at)
    assert APP["key_secret"] not in repr(made)
    assert 1799 <= (made.expires_at - at).total_seconds() <= 1800
    read = AccessToken.from_jwt(made.token.reveal(), APP["key_secret"])
    assert read.valid_until == int(made.expires_at.timestamp())
    assert (read.issuer, read.subject) == ("SK77", SETTINGS["account_sid"])
    assert read.payload["grants"] == {
        "identity": "user_42",
        "voice": {
            "incoming": {"allow": True},
            "outgoing": {"application_sid": "AP88"},
            "push_credential_sid": "CR99",
        },
    }
    assert read.headers["cty"] == "twilio-fpa;v=1"


def test_without_a_key_or_with_an_identity_no_library_takes_there_is_no_token():
    with pytest.raises(Misconfigured):
        plugin().token("user_42", (), NOW)
    for identity in ("user 42", "a" * 257, "ü"):
        with pytest.raises(Refused):
            plugin(**APP).token(identity, (), NOW)
