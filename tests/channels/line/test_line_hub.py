"""A hub with this connector, and LINE beside it: what people write, what leaves, what is taken back."""

import asyncio
from contextlib import asynccontextmanager
from time import time

import msgspec
import pytest
from line_channel import GROUP, MINA, SECRET, SETTINGS, TOKEN

from connectors.channels.line.simulator import Held, Simulator
from connectors.kit.fixtures import as_request
from connectors.kit.testing.simulator import Failure
from gateway.hub import Hub
from gateway.receive import receive
from gateway.send.accept import accept
from gateway.send.asks import Accepted, Ask, Rejected
from gateway.send.verdict import Outcome, Verdict, judge
from gateway.settings.loading import load
from gateway.store.times import now
from normalizer.commands import Recipient, SendMessage
from normalizer.model import Author, AuthorKind
from normalizer.parts import MediaKind, MediaPart, ReplyAction
from tests.background.heronry import events, eventually, rows, texts

URL = "https://hub.example.com"
HOOK = f"{URL}/in/support-line"
AGENT = Author(kind=AuthorKind.AGENT, ref="key", name="Ada")


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


@asynccontextmanager
async def running(folder, provider, **settings):
    path = folder / "onethread.yaml"
    told = {
        "public_url": URL,
        "store": "sqlite:///hub.db",
        "files": "./files",
        "connectors": {"support-line": {"plugin": "line", **provider.settings(), **settings}},
    }
    path.write_text(msgspec.json.encode(told).decode())
    hub = Hub(load(path, {}))
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


async def heard(hub, wire):
    """What LINE hears when it posts this."""
    answer = await receive(hub, hub.connectors["support-line"], as_request(wire, HOOK, now()))
    return answer.status


async def came(hub, provider, sender=MINA, **event):
    assert await heard(hub, provider.genuine(provider.event(sender, **event))) == 200


async def wrote(hub, provider, words, number="571", sender=MINA, **more):
    await came(hub, provider, sender, type="message", message={"type": "text", "id": number, "text": words}, **more)


async def say(hub, words, **command):
    if "conversation_id" not in command:
        command["to"] = Recipient(connector="support-line", address=MINA)
    ask = Ask("principal", AGENT, SendMessage(text=words, **command), hub.connectors, None)
    return await hub.writer.write(accept, ask)


def statuses(hub):
    return [status for (status,) in rows(hub, "SELECT status FROM deliveries ORDER BY id")]


def run(test):
    asyncio.run(test())


def test_a_conversation(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            assert await heard(hub, provider.genuine(provider.message("my order #881", MINA))) == 200
            ((conversation,),) = rows(hub, "SELECT id FROM conversations")
            buttons = (ReplyAction(label="Where is it?", value="parcel:where"),)
            assert isinstance(await say(hub, "It left.", conversation_id=conversation, actions=buttons), Accepted)
            await eventually(lambda: statuses(hub) == ["accepted"])
            ((sent,),) = provider.pushed.values()
            (button,) = sent["quickReply"]["items"]
            assert (sent["text"], button["action"]["displayText"]) == ("It left.", "Where is it?")
            await came(hub, provider, type="postback", postback={"data": button["action"]["data"]})
            assert texts(hub) == ["my order #881", "It left.", "Where is it?"]
            part = events(hub, "message.received")[-1]["data"]["message"]["parts"][0]
            assert (part["type"], part["value"], part["label"]) == ("choice", "parcel:where", "Where is it?")

    run(test)


def test_what_comes_again_is_recorded_once(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            body = provider.message("once", MINA)
            again = body.replace(b'"isRedelivery":false', b'"isRedelivery":true')
            assert again != body
            for one in (body, again, again):
                assert await heard(hub, provider.genuine(one)) == 200
            twice = msgspec.json.decode(provider.message("twice in one request", MINA))
            await heard(hub, provider.genuine(msgspec.json.encode({**twice, "events": twice["events"] * 2})))
            assert texts(hub) == ["once", "twice in one request"]

    run(test)


def test_of_several_events_the_one_that_cannot_be_read_is_kept_apart(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            told = [msgspec.json.decode(provider.message(words, MINA)) for words in ("before", "broken", "after")]
            batch = {**told[0], "events": [one["events"][0] for one in told]}
            batch["events"][1]["message"]["text"] = 7
            assert await heard(hub, provider.genuine(msgspec.json.encode(batch))) == 200
            assert texts(hub) == ["before", "after"]
            assert len(rows(hub, "SELECT id FROM quarantine")) == 1

    run(test)


def test_a_request_nobody_signed_leaves_nothing(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            forged = Simulator({**SETTINGS, "channel_secret": "guessed"}, HOOK)
            assert await heard(hub, forged.genuine(forged.message("let me in", MINA))) == 403
            assert rows(hub, "SELECT id FROM messages") == []

    run(test)


def test_lines_question_whether_anybody_is_there_is_answered(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            assert await heard(hub, provider.genuine(b'{"destination":"U0","events":[]}')) == 200
            assert rows(hub, "SELECT id FROM messages") == []

    run(test)


def test_a_block_closes_the_way_and_following_again_opens_it(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await came(hub, provider, type="follow", follow={"isUnblocked": False})
            await wrote(hub, provider, "hello")
            await came(hub, provider, type="unfollow")
            assert isinstance(await say(hub, "one more thing"), Rejected)
            await came(hub, provider, type="follow", follow={"isUnblocked": True})
            assert isinstance(await say(hub, "welcome back"), Accepted)
            await eventually(lambda: statuses(hub) == ["accepted"])
            told = [event["data"]["consent"]["state"] for event in events(hub, "consent.changed")]
            assert told[-2:] == ["opted_out", "opted_in"]

    run(test)


def test_a_group_is_one_conversation_of_several_people(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            for n, person in enumerate((MINA, f"U{'0' * 32}")):
                source = {"type": "group", "groupId": GROUP, "userId": person}
                await wrote(hub, provider, f"hello {n}", str(n), source=source)
            assert rows(hub, "SELECT kind FROM conversations") == [("group",)]
            ((conversation,),) = rows(hub, "SELECT id FROM conversations")
            await say(hub, "hello all", conversation_id=conversation)
            await eventually(lambda: statuses(hub) == ["accepted"])
            (asked,) = [one for one in provider.requests if provider.is_send(one)]
            assert msgspec.json.decode(asked.body)["to"] == GROUP

    run(test)


def test_what_is_edited_or_taken_back_reads_so(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await wrote(hub, provider, "see you at 5", "571")
            await wrote(hub, provider, "my password is 1234", "572")
            later = int(time() * 1000) + 2000
            for at, words in ((later, "see you at 7"), (later - 1000, "see you at 6")):  # out of order, as LINE warns
                edited = {"type": "text", "id": "571", "text": words}
                await came(hub, provider, type="messageEdited", message=edited, timestamp=at)
            await came(hub, provider, type="unsend", unsend={"messageId": "572"})
            assert texts(hub) == ["see you at 7", ""]

    run(test)


def test_pictures_sent_together_are_one_message_with_its_files(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            for n in (2, 1):
                told = {"id": "S", "index": n, "total": 2}
                await heard(hub, provider.genuine(provider.held("image", b"%d" % n, "image/jpeg", MINA, imageSet=told)))
            await eventually(lambda: texts(hub) == ["[image] [image]"])
            await eventually(lambda: rows(hub, "SELECT state FROM attachments") == [("stored",)] * 2)

    run(test)


def test_a_video_is_fetched_once_line_has_prepared_it(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            body = provider.held("video", b"octets", "video/mp4", MINA, duration=60500)
            ((number, held),) = provider.files.items()
            provider.files[number] = Held(held.media_type, held.content, "processing")
            await heard(hub, provider.genuine(body))
            await eventually(lambda: any(one.path.endswith("/transcoding") for one in provider.requests))
            provider.files[number] = held
            await eventually(lambda: rows(hub, "SELECT state FROM attachments") == [("stored",)], seconds=15)

    run(test)


def test_a_picture_leaves_by_its_address_and_with_its_words(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await heard(hub, provider.genuine(provider.held("image", b"octets", "image/jpeg", MINA)))
            await eventually(lambda: rows(hub, "SELECT state FROM attachments") == [("stored",)])
            ((attachment,),) = rows(hub, "SELECT id FROM attachments")
            part = MediaPart(attachment_id=attachment, kind=MediaKind.IMAGE, media_type="image/jpeg")
            assert isinstance(await say(hub, "this?", parts=(part,)), Accepted)
            await eventually(lambda: statuses(hub) == ["accepted"])
            ((words, picture),) = provider.pushed.values()
            assert (words["text"], picture["type"]) == ("this?", "image")
            path, _, query = picture["originalContentUrl"].partition("?")
            assert path == f"{URL}/v1/attachments/{attachment}"
            told = dict(pair.split("=") for pair in query.split("&"))
            assert hub.links.valid(attachment, told["expires"], told["signature"], now())

    run(test)


def test_a_send_whose_answer_was_lost_may_be_repeated_by_an_operator_and_is_shown_once(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await wrote(hub, provider, "hello")
            provider.next(Failure.LOST_ANSWER)
            await say(hub, "once")
            await eventually(lambda: statuses(hub) == ["uncertain"])
            assert len([asked for asked in provider.requests if provider.is_send(asked)]) == 1
            ((delivery,),) = rows(hub, "SELECT id FROM deliveries")
            await hub.writer.write(judge, Verdict(delivery, Outcome.RETRY, "Ada", {}))
            await eventually(lambda: statuses(hub) == ["accepted"])
            asked = [asked for asked in provider.requests if provider.is_send(asked)]
            assert (len(asked), len(provider.pushed)) == (2, 1)

    run(test)


def test_a_rate_limit_pauses_the_lane_and_costs_no_attempt(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await wrote(hub, provider, "hello")
            provider.next(Failure.RATE_LIMITED)
            await say(hub, "patience")
            await eventually(lambda: statuses(hub) == ["accepted"])
            assert rows(hub, "SELECT attempt FROM deliveries") == [(1,)]
            keys = [asked.headers["x-line-retry-key"] for asked in provider.requests if provider.is_send(asked)]
            assert (len(keys), len(set(keys))) == (2, 1)

    run(test)


def test_no_secret_is_kept_in_the_store(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await heard(hub, provider.genuine(provider.held("image", b"x", "image/jpeg", MINA)))
            await say(hub, "hello")
            await eventually(lambda: statuses(hub) == ["accepted"])
            await eventually(lambda: rows(hub, "SELECT id FROM exchanges"))
        kept = b"".join(path.read_bytes() for path in tmp_path.glob("hub.db*"))
        assert MINA.encode() in kept
        assert TOKEN.encode() not in kept
        assert SECRET.encode() not in kept

    run(test)
