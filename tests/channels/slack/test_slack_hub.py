"""A hub with this connector, and Slack beside it: what comes, what leaves, what comes back."""

import asyncio

import pytest
from slack_app import SETTINGS

from connectors.channels.slack.simulated import Upload
from connectors.channels.slack.simulator import Simulator
from gateway.send.asks import Accepted
from gateway.store.times import now
from normalizer.parts import MediaKind, MediaPart, ReplyAction
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


async def happens(beside, provider, event):
    assert await beside.heard(provider.genuine(provider.event(event))) == 200


def message(words, ts, **more):
    told = {"type": "message", "channel": "D42", "channel_type": "im", "user": "U42", "text": words, "ts": ts}
    return {**told, **more}


IN_CHANNEL = {"channel": "C7", "channel_type": "channel"}


def run(test):
    asyncio.run(test())


def test_a_conversation_in_direct_messages(tmp_path, provider):
    async def test():
        async with running(tmp_path, "slack", provider) as beside:
            body = provider.message("my order #881", "U42")
            for _ in range(4):  # Slack repeats what it thinks was lost
                assert await beside.heard(provider.genuine(body)) == 200
            (conversation,) = beside.conversations()
            assert isinstance(await beside.say("It left.", conversation_id=conversation), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            (sent,) = provider.channels.messages.values()
            assert (sent["channel"], sent["text"]) == ("D42", "It left.")
            # it is told of our own message, and of what the customer makes of it
            echo = {"user": "UBOT", "bot_id": "BBOT", "app_id": "A1"}
            await happens(beside, provider, message("It left.", sent["ts"], **echo))
            item = {"type": "message", "channel": "D42", "ts": sent["ts"]}
            reaction = {"type": "reaction_added", "user": "U42", "reaction": "+1", "item": item, "event_ts": "9.000003"}
            await happens(beside, provider, reaction)
            assert texts(beside.hub) == ["my order #881", "It left."]
            assert [event["data"]["reaction"] for event in events(beside.hub, "reaction.added")] == ["👍"]

    run(test)


def test_each_message_in_a_channel_is_answered_in_a_thread_of_its_own(tmp_path, provider):
    async def test():
        async with running(tmp_path, "slack", provider) as beside:
            await happens(beside, provider, message("late!", "9.000001", **IN_CHANNEL))
            await happens(beside, provider, message("broken!", "9.000002", user="U43", **IN_CHANNEL))
            await happens(beside, provider, message("still", "9.000003", thread_ts="9.000001", **IN_CHANNEL))
            late, broken = beside.conversations()
            await beside.say("It left.", conversation_id=late)
            await beside.say("We send another.", conversation_id=broken)
            await eventually(lambda: beside.statuses() == ["accepted", "accepted"])
            sent = {(one["channel"], one["thread_ts"], one["text"]) for one in provider.channels.messages.values()}
            assert sent == {("C7", "9.000001", "It left."), ("C7", "9.000002", "We send another.")}

    run(test)


def test_an_answer_in_the_thread_of_what_we_began_with_joins_its_conversation(tmp_path, provider):
    async def test():
        async with running(tmp_path, "slack", provider) as beside:
            await beside.say("We close at six.", to="U42")
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((channel, ts),) = provider.channels.messages
            thanks = message("thanks!", "1790000100.000001", channel=channel, thread_ts=ts)
            await happens(beside, provider, thanks)
            (conversation,) = beside.conversations()
            await beside.say("You're welcome.", conversation_id=conversation)
            await eventually(lambda: beside.statuses() == ["accepted", "accepted"])
            sent = list(provider.channels.messages.values())[-1]
            assert (sent["channel"], sent["thread_ts"], sent["text"]) == (channel, ts, "You're welcome.")

    run(test)


def test_what_was_said_is_changed_and_taken_back(tmp_path, provider):
    async def test():
        async with running(tmp_path, "slack", provider) as beside:
            first = message("hello", "9.000001")
            await happens(beside, provider, first)
            change = {"type": "message", "channel": "D42", "channel_type": "im", "ts": "9.000004"}
            after = {**first, "text": "hello!"}
            edit = {**change, "subtype": "message_changed", "message": after, "previous_message": first}
            await happens(beside, provider, edit)
            assert texts(beside.hub) == ["hello!"]
            await happens(beside, provider, {**change, "subtype": "message_deleted", "deleted_ts": "9.000001"})
            assert len(events(beside.hub, "message.redacted")) == 1

    run(test)


def test_a_pressed_button_comes_back_as_a_choice(tmp_path, provider):
    async def test():
        async with running(tmp_path, "slack", provider) as beside:
            await happens(beside, provider, message("hello", "9.000001"))
            (conversation,) = beside.conversations()
            offered = (ReplyAction(label="Yes, please", value="yes"), ReplyAction(label="No"))
            await beside.say("Shall we?", conversation_id=conversation, actions=offered)
            await eventually(lambda: beside.statuses() == ["accepted"])
            (name,) = provider.channels.messages
            answer = await beside.answered(provider.genuine(provider.press(name, "U42", "yes", "Yes, please")))
            assert (answer.status, answer.body) == (200, b"")
            (_, pressed) = events(beside.hub, "message.received")
            (part,) = pressed["data"]["message"]["parts"]
            assert (part["type"], part["value"], part["label"]) == ("choice", "yes", "Yes, please")
            assert beside.conversations() == [conversation]

    run(test)


def test_a_file_comes_and_goes(tmp_path, provider):
    async def test():
        async with running(tmp_path, "slack", provider) as beside:
            provider.channels.files["F99"] = Upload("box.jpg", "image/jpeg", b"octets of a picture")
            file = {"id": "F99", "name": "box.jpg", "mimetype": "image/jpeg", "mode": "hosted"}
            address = {"url_private_download": f"{provider.url}/files/F99"}
            shared = message("", "9.000001", subtype="file_share", files=[{**file, **address}])
            await happens(beside, provider, shared)
            await eventually(lambda: rows(beside.hub, "SELECT state FROM attachments") == [("stored",)])
            ((attachment, sha256),) = rows(beside.hub, "SELECT id, sha256 FROM attachments")
            assert beside.hub.files.path(sha256).read_bytes() == b"octets of a picture"
            part = MediaPart(attachment_id=attachment, kind=MediaKind.IMAGE, media_type="image/jpeg")
            await beside.say("This one?", conversation_id=beside.conversations()[0], parts=(part,))
            await eventually(lambda: beside.statuses() == ["accepted"])
            assert provider.channels.files["F1"].content == b"octets of a picture"
            (sent,) = provider.channels.messages.values()
            assert (sent["channels"], sent["initial_comment"]) == ("U42", "This one?")

    run(test)


def test_the_address_is_verified_and_forgeries_are_refused(tmp_path, provider):
    async def test():
        async with running(tmp_path, "slack", provider) as beside:
            challenge = provider.genuine(b'{"type":"url_verification","challenge":"3eZbrw1aBm2r","token":"x"}')
            answer = await beside.answered(challenge)
            assert (answer.status, answer.body) == (200, b'{"challenge":"3eZbrw1aBm2r"}')
            old = provider.genuine(provider.message("again"), int(now().timestamp()) - 301)
            assert await beside.heard(old) == 403
            assert texts(beside.hub) == []

    run(test)
