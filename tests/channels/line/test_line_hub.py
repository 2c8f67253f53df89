"""A hub with this connector, and LINE beside it: what people write, what leaves, what is taken back."""

import asyncio
from time import time

import msgspec
import pytest
from line_channel import GROUP, MINA, SECRET, SETTINGS, TOKEN

from connectors.channels.line.simulator import Held, Simulator
from connectors.kit.testing.simulator import Failure
from gateway.send.asks import Accepted, Rejected
from gateway.send.verdict import Outcome, Verdict, judge
from gateway.store.times import now
from normalizer.parts import MediaKind, MediaPart, ReplyAction
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, HUB, kept, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


async def came(beside, provider, sender=MINA, **event):
    assert await beside.heard(provider.genuine(provider.event(sender, **event))) == 200


async def wrote(beside, provider, words, number="571", sender=MINA, **more):
    message = {"type": "text", "id": number, "text": words}
    await came(beside, provider, sender, type="message", message=message, **more)


def run(test):
    asyncio.run(test())


def test_a_conversation(tmp_path, provider):
    async def test():
        async with running(tmp_path, "line", provider) as beside:
            assert await beside.heard(provider.genuine(provider.message("my order #881", MINA))) == 200
            ((conversation,),) = rows(beside.hub, "SELECT id FROM conversations")
            buttons = (ReplyAction(label="Where is it?", value="parcel:where"),)
            assert isinstance(await beside.say("It left.", conversation_id=conversation, actions=buttons), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((sent,),) = provider.pushed.values()
            (button,) = sent["quickReply"]["items"]
            assert (sent["text"], button["action"]["displayText"]) == ("It left.", "Where is it?")
            await came(beside, provider, type="postback", postback={"data": button["action"]["data"]})
            assert texts(beside.hub) == ["my order #881", "It left.", "Where is it?"]
            part = events(beside.hub, "message.received")[-1]["data"]["message"]["parts"][0]
            assert (part["type"], part["value"], part["label"]) == ("choice", "parcel:where", "Where is it?")

    run(test)


def test_what_comes_again_is_recorded_once(tmp_path, provider):
    async def test():
        async with running(tmp_path, "line", provider) as beside:
            body = provider.message("once", MINA)
            again = body.replace(b'"isRedelivery":false', b'"isRedelivery":true')
            assert again != body
            for one in (body, again, again):
                assert await beside.heard(provider.genuine(one)) == 200
            twice = msgspec.json.decode(provider.message("twice in one request", MINA))
            await beside.heard(provider.genuine(msgspec.json.encode({**twice, "events": twice["events"] * 2})))
            assert texts(beside.hub) == ["once", "twice in one request"]

    run(test)


def test_of_several_events_the_one_that_cannot_be_read_is_kept_apart(tmp_path, provider):
    async def test():
        async with running(tmp_path, "line", provider) as beside:
            told = [msgspec.json.decode(provider.message(words, MINA)) for words in ("before", "broken", "after")]
            batch = {**told[0], "events": [one["events"][0] for one in told]}
            batch["events"][1]["message"]["text"] = 7
            assert await beside.heard(provider.genuine(msgspec.json.encode(batch))) == 200
            assert texts(beside.hub) == ["before", "after"]
            assert len(rows(beside.hub, "SELECT id FROM quarantine")) == 1

    run(test)


def test_lines_question_whether_anybody_is_there_is_answered(tmp_path, provider):
    async def test():
        async with running(tmp_path, "line", provider) as beside:
            assert await beside.heard(provider.genuine(b'{"destination":"U0","events":[]}')) == 200
            assert rows(beside.hub, "SELECT id FROM messages") == []

    run(test)


def test_a_block_closes_the_way_and_following_again_opens_it(tmp_path, provider):
    async def test():
        async with running(tmp_path, "line", provider) as beside:
            await came(beside, provider, type="follow", follow={"isUnblocked": False})
            await wrote(beside, provider, "hello")
            await came(beside, provider, type="unfollow")
            assert isinstance(await beside.say("one more thing", to=MINA), Rejected)
            await came(beside, provider, type="follow", follow={"isUnblocked": True})
            assert isinstance(await beside.say("welcome back", to=MINA), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            assert beside.consents()[-2:] == ["opted_out", "opted_in"]

    run(test)


def test_a_group_is_one_conversation_of_several_people(tmp_path, provider):
    async def test():
        async with running(tmp_path, "line", provider) as beside:
            for n, person in enumerate((MINA, f"U{'0' * 32}")):
                source = {"type": "group", "groupId": GROUP, "userId": person}
                await wrote(beside, provider, f"hello {n}", str(n), source=source)
            assert rows(beside.hub, "SELECT kind FROM conversations") == [("group",)]
            ((conversation,),) = rows(beside.hub, "SELECT id FROM conversations")
            await beside.say("hello all", conversation_id=conversation)
            await eventually(lambda: beside.statuses() == ["accepted"])
            (asked,) = [one for one in provider.requests if provider.is_send(one)]
            assert msgspec.json.decode(asked.body)["to"] == GROUP

    run(test)


def test_what_is_edited_or_taken_back_reads_so(tmp_path, provider):
    async def test():
        async with running(tmp_path, "line", provider) as beside:
            await wrote(beside, provider, "see you at 5", "571")
            await wrote(beside, provider, "my password is 1234", "572")
            later = int(time() * 1000) + 2000
            for at, words in ((later, "see you at 7"), (later - 1000, "see you at 6")):  # out of order, as LINE warns
                edited = {"type": "text", "id": "571", "text": words}
                await came(beside, provider, type="messageEdited", message=edited, timestamp=at)
            await came(beside, provider, type="unsend", unsend={"messageId": "572"})
            assert texts(beside.hub) == ["see you at 7", ""]

    run(test)


def test_pictures_sent_together_are_one_message_with_its_files(tmp_path, provider):
    async def test():
        async with running(tmp_path, "line", provider) as beside:
            for n in (2, 1):
                told = {"id": "S", "index": n, "total": 2}
                body = provider.held("image", b"%d" % n, "image/jpeg", MINA, imageSet=told)
                await beside.heard(provider.genuine(body))
            await eventually(lambda: texts(beside.hub) == ["[image] [image]"])
            await eventually(lambda: rows(beside.hub, "SELECT state FROM attachments") == [("stored",)] * 2)

    run(test)


def test_a_video_is_fetched_once_line_has_prepared_it(tmp_path, provider):
    async def test():
        async with running(tmp_path, "line", provider) as beside:
            body = provider.held("video", b"octets", "video/mp4", MINA, duration=60500)
            ((number, held),) = provider.files.items()
            provider.files[number] = Held(held.media_type, held.content, "processing")
            await beside.heard(provider.genuine(body))
            await eventually(lambda: any(one.path.endswith("/transcoding") for one in provider.requests))
            provider.files[number] = held
            await eventually(lambda: rows(beside.hub, "SELECT state FROM attachments") == [("stored",)], seconds=15)

    run(test)


def test_a_picture_leaves_by_its_address_and_with_its_words(tmp_path, provider):
    async def test():
        async with running(tmp_path, "line", provider) as beside:
            await beside.heard(provider.genuine(provider.held("image", b"octets", "image/jpeg", MINA)))
            await eventually(lambda: rows(beside.hub, "SELECT state FROM attachments") == [("stored",)])
            ((attachment,),) = rows(beside.hub, "SELECT id FROM attachments")
            part = MediaPart(attachment_id=attachment, kind=MediaKind.IMAGE, media_type="image/jpeg")
            assert isinstance(await beside.say("this?", parts=(part,), to=MINA), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((words, picture),) = provider.pushed.values()
            assert (words["text"], picture["type"]) == ("this?", "image")
            path, _, query = picture["originalContentUrl"].partition("?")
            assert path == f"{HUB}/v1/attachments/{attachment}"
            told = dict(pair.split("=") for pair in query.split("&"))
            assert beside.hub.links.valid(attachment, told["expires"], told["signature"], now())

    run(test)


def test_a_send_whose_answer_was_lost_may_be_repeated_by_an_operator_and_is_shown_once(tmp_path, provider):
    async def test():
        async with running(tmp_path, "line", provider) as beside:
            await wrote(beside, provider, "hello")
            provider.next(Failure.LOST_ANSWER)
            await beside.say("once", to=MINA)
            await eventually(lambda: beside.statuses() == ["uncertain"])
            assert len([asked for asked in provider.requests if provider.is_send(asked)]) == 1
            ((delivery,),) = rows(beside.hub, "SELECT id FROM deliveries")
            await beside.hub.writer.write(judge, Verdict(delivery, Outcome.RETRY, "Ada", {}))
            await eventually(lambda: beside.statuses() == ["accepted"])
            asked = [asked for asked in provider.requests if provider.is_send(asked)]
            assert (len(asked), len(provider.pushed)) == (2, 1)

    run(test)


def test_a_rate_limit_pauses_the_lane_and_costs_no_attempt(tmp_path, provider):
    async def test():
        async with running(tmp_path, "line", provider) as beside:
            await wrote(beside, provider, "hello")
            provider.next(Failure.RATE_LIMITED)
            await beside.say("patience", to=MINA)
            await eventually(lambda: beside.statuses() == ["accepted"])
            assert rows(beside.hub, "SELECT attempt FROM deliveries") == [(1,)]
            keys = [asked.headers["x-line-retry-key"] for asked in provider.requests if provider.is_send(asked)]
            assert (len(keys), len(set(keys))) == (2, 1)

    run(test)


def test_no_secret_is_kept_in_the_store(tmp_path, provider):
    async def test():
        async with running(tmp_path, "line", provider) as beside:
            await beside.heard(provider.genuine(provider.held("image", b"x", "image/jpeg", MINA)))
            await beside.say("hello", to=MINA)
            await eventually(lambda: beside.statuses() == ["accepted"])
            await eventually(lambda: rows(beside.hub, "SELECT id FROM exchanges"))
        octets = kept(tmp_path)
        assert MINA.encode() in octets
        assert TOKEN.encode() not in octets
        assert SECRET.encode() not in octets

    run(test)
