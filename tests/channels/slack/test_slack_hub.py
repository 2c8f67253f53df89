"""A hub with this connector, and Slack beside it: what comes, what leaves, what comes back."""

import asyncio
from contextlib import asynccontextmanager

import msgspec
import pytest
from slack_app import SETTINGS, TOKEN

from connectors.channels.slack.simulated import Upload
from connectors.channels.slack.simulator import Simulator
from connectors.kit.fixtures import as_request
from connectors.kit.testing.simulator import Failure
from gateway.hub import Hub
from gateway.receive import receive
from gateway.send.accept import accept
from gateway.send.asks import Accepted, Ask
from gateway.settings.loading import load
from gateway.store.times import now
from normalizer.commands import Recipient, SendMessage
from normalizer.model import Author, AuthorKind
from normalizer.parts import MediaKind, MediaPart, ReplyAction
from tests.background.heronry import events, eventually, rows, texts

URL = "https://hub.example.com"
AGENT = Author(kind=AuthorKind.AGENT, ref="key", name="Ada")


@pytest.fixture
def provider():
    with Simulator(SETTINGS, f"{URL}/in/support-slack") as simulator:
        yield simulator


@asynccontextmanager
async def running(folder, provider):
    path = folder / "onethread.yaml"
    told = {
        "public_url": URL,
        "store": "sqlite:///hub.db",
        "files": "./files",
        "connectors": {"support-slack": {"plugin": "slack", **provider.settings()}},
    }
    path.write_text(msgspec.json.encode(told).decode())
    hub = Hub(load(path, {}))
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


async def heard(hub, wire):
    """What Slack hears when it posts this."""
    return await receive(hub, hub.connectors["support-slack"], as_request(wire, URL, now()))


async def happens(hub, provider, event):
    answer = await heard(hub, provider.genuine(provider.event(event)))
    assert answer.status == 200


async def say(hub, words, **command):
    if "conversation_id" not in command:
        command["to"] = Recipient(connector="support-slack", address="U42")
    ask = Ask("principal", AGENT, SendMessage(text=words, **command), hub.connectors, None)
    return await hub.writer.write(accept, ask)


def statuses(hub):
    return [status for (status,) in rows(hub, "SELECT status FROM deliveries ORDER BY id")]


def conversations(hub):
    return [found for (found,) in rows(hub, "SELECT id FROM conversations ORDER BY number")]


def message(words, ts, **more):
    told = {"type": "message", "channel": "D42", "channel_type": "im", "user": "U42", "text": words, "ts": ts}
    return {**told, **more}


IN_CHANNEL = {"channel": "C7", "channel_type": "channel"}


def run(test):
    asyncio.run(test())


def test_a_conversation_in_direct_messages(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            body = provider.message("my order #881", "U42")
            for _ in range(4):  # Slack repeats what it thinks was lost
                assert (await heard(hub, provider.genuine(body))).status == 200
            (conversation,) = conversations(hub)
            assert isinstance(await say(hub, "It left.", conversation_id=conversation), Accepted)
            await eventually(lambda: statuses(hub) == ["accepted"])
            (sent,) = provider.channels.messages.values()
            assert (sent["channel"], sent["text"]) == ("D42", "It left.")
            # it is told of our own message, and of what the customer makes of it
            echo = {"user": "UBOT", "bot_id": "BBOT", "app_id": "A1"}
            await happens(hub, provider, message("It left.", sent["ts"], **echo))
            item = {"type": "message", "channel": "D42", "ts": sent["ts"]}
            reaction = {"type": "reaction_added", "user": "U42", "reaction": "+1", "item": item, "event_ts": "9.000003"}
            await happens(hub, provider, reaction)
            assert texts(hub) == ["my order #881", "It left."]
            assert [event["data"]["reaction"] for event in events(hub, "reaction.added")] == ["👍"]

    run(test)


def test_each_message_in_a_channel_is_answered_in_a_thread_of_its_own(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await happens(hub, provider, message("late!", "9.000001", **IN_CHANNEL))
            await happens(hub, provider, message("broken!", "9.000002", user="U43", **IN_CHANNEL))
            await happens(hub, provider, message("still", "9.000003", thread_ts="9.000001", **IN_CHANNEL))
            late, broken = conversations(hub)
            await say(hub, "It left.", conversation_id=late)
            await say(hub, "We send another.", conversation_id=broken)
            await eventually(lambda: statuses(hub) == ["accepted", "accepted"])
            sent = {(one["channel"], one["thread_ts"], one["text"]) for one in provider.channels.messages.values()}
            assert sent == {("C7", "9.000001", "It left."), ("C7", "9.000002", "We send another.")}

    run(test)


def test_an_answer_in_the_thread_of_what_we_began_with_joins_its_conversation(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await say(hub, "We close at six.")
            await eventually(lambda: statuses(hub) == ["accepted"])
            ((channel, ts),) = provider.channels.messages
            await happens(hub, provider, message("thanks!", "1790000100.000001", channel=channel, thread_ts=ts))
            (conversation,) = conversations(hub)
            await say(hub, "You're welcome.", conversation_id=conversation)
            await eventually(lambda: statuses(hub) == ["accepted", "accepted"])
            sent = list(provider.channels.messages.values())[-1]
            assert (sent["channel"], sent["thread_ts"], sent["text"]) == (channel, ts, "You're welcome.")

    run(test)


def test_what_was_said_is_changed_and_taken_back(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            first = message("hello", "9.000001")
            await happens(hub, provider, first)
            change = {"type": "message", "channel": "D42", "channel_type": "im", "ts": "9.000004"}
            after = {**first, "text": "hello!"}
            edit = {**change, "subtype": "message_changed", "message": after, "previous_message": first}
            await happens(hub, provider, edit)
            assert texts(hub) == ["hello!"]
            await happens(hub, provider, {**change, "subtype": "message_deleted", "deleted_ts": "9.000001"})
            assert len(events(hub, "message.redacted")) == 1

    run(test)


def test_a_pressed_button_comes_back_as_a_choice(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await happens(hub, provider, message("hello", "9.000001"))
            (conversation,) = conversations(hub)
            offered = (ReplyAction(label="Yes, please", value="yes"), ReplyAction(label="No"))
            await say(hub, "Shall we?", conversation_id=conversation, actions=offered)
            await eventually(lambda: statuses(hub) == ["accepted"])
            (name,) = provider.channels.messages
            answer = await heard(hub, provider.genuine(provider.press(name, "U42", "yes", "Yes, please")))
            assert (answer.status, answer.body) == (200, b"")
            (_, pressed) = events(hub, "message.received")
            (part,) = pressed["data"]["message"]["parts"]
            assert (part["type"], part["value"], part["label"]) == ("choice", "yes", "Yes, please")
            assert conversations(hub) == [conversation]

    run(test)


def test_a_file_comes_and_goes(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            provider.channels.files["F99"] = Upload("box.jpg", "image/jpeg", b"octets of a picture")
            file = {"id": "F99", "name": "box.jpg", "mimetype": "image/jpeg", "mode": "hosted"}
            address = {"url_private_download": f"{provider.url}/files/F99"}
            shared = message("", "9.000001", subtype="file_share", files=[{**file, **address}])
            await happens(hub, provider, shared)
            await eventually(lambda: rows(hub, "SELECT state FROM attachments") == [("stored",)])
            ((attachment, sha256),) = rows(hub, "SELECT id, sha256 FROM attachments")
            assert hub.files.path(sha256).read_bytes() == b"octets of a picture"
            part = MediaPart(attachment_id=attachment, kind=MediaKind.IMAGE, media_type="image/jpeg")
            await say(hub, "This one?", conversation_id=conversations(hub)[0], parts=(part,))
            await eventually(lambda: statuses(hub) == ["accepted"])
            assert provider.channels.files["F1"].content == b"octets of a picture"
            (sent,) = provider.channels.messages.values()
            assert (sent["channels"], sent["initial_comment"]) == ("U42", "This one?")

    run(test)


def test_a_send_whose_answer_was_lost_is_never_repeated(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            provider.next(Failure.LOST_ANSWER)
            await say(hub, "once")
            await eventually(lambda: statuses(hub) == ["uncertain"])
            assert len(provider.channels.messages) == 1

    run(test)


def test_the_address_is_verified_and_forgeries_are_refused(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            challenge = provider.genuine(b'{"type":"url_verification","challenge":"3eZbrw1aBm2r","token":"x"}')
            answer = await heard(hub, challenge)
            assert (answer.status, answer.body) == (200, b'{"challenge":"3eZbrw1aBm2r"}')
            old = provider.genuine(provider.message("again"), int(now().timestamp()) - 301)
            assert (await heard(hub, old)).status == 403
            assert texts(hub) == []

    run(test)


def test_no_secret_is_kept_in_the_store(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await say(hub, "hello")
            await eventually(lambda: statuses(hub) == ["accepted"])
            await eventually(lambda: rows(hub, "SELECT id FROM exchanges"))
        kept = b"".join(path.read_bytes() for path in tmp_path.glob("hub.db*"))
        assert b"hello" in kept
        assert TOKEN.encode() not in kept
        assert SETTINGS["signing_secret"].encode() not in kept

    run(test)
