"""A hub with this connector, and Twilio beside it: what leaves, what is reported, what was missed."""

import asyncio
from contextlib import asynccontextmanager

import msgspec
import pytest
from twilio_sms_sender import ACCOUNT, MINA, NUMBER, SETTINGS, TOKEN, request

from connectors.channels.twilio_sms.simulator import Simulator
from connectors.kit.testing.simulator import Failure
from gateway.hub import Hub
from gateway.receive import receive
from gateway.send.accept import accept
from gateway.send.asks import Accepted, Ask, Rejected
from gateway.settings.loading import load
from gateway.store.times import now
from normalizer.commands import Recipient, SendMessage
from normalizer.model import Author, AuthorKind
from normalizer.parts import MediaKind, MediaPart
from tests.background.heronry import events, eventually, rows, texts

URL = "https://hub.example.com"
AGENT = Author(kind=AuthorKind.AGENT, ref="key", name="Ada")


@pytest.fixture
def provider():
    with Simulator(SETTINGS, f"{URL}/in/sms-uk") as simulator:
        yield simulator


@asynccontextmanager
async def running(folder, provider, **settings):
    path = folder / "onethread.yaml"
    connector = {"plugin": "twilio_sms", **provider.settings(), **settings}
    told = {
        "public_url": URL,
        "store": "sqlite:///hub.db",
        "files": "./files",
        "limits": {"backfill_every": "1s"},
        "connectors": {"sms-uk": connector},
    }
    path.write_text(msgspec.json.encode(told).decode())
    hub = Hub(load(path, {}))
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


async def heard(hub, wire):
    """What Twilio hears when it posts this."""
    answer = await receive(hub, hub.connectors["sms-uk"], request(wire, f"{URL}/in/sms-uk"))
    return answer.status


async def say(hub, words, **command):
    if "conversation_id" not in command:
        command["to"] = Recipient(connector="sms-uk", address=MINA)
    ask = Ask("principal", AGENT, SendMessage(text=words, **command), hub.connectors, None)
    return await hub.writer.write(accept, ask)


def statuses(hub):
    return [status for (status,) in rows(hub, "SELECT status FROM deliveries ORDER BY id")]


def run(test):
    asyncio.run(test())


def test_a_conversation_by_text_message(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            assert await heard(hub, provider.genuine(provider.message("my order #881"))) == 200
            ((conversation,),) = rows(hub, "SELECT id FROM conversations")
            assert isinstance(await say(hub, "It left.", conversation_id=conversation), Accepted)
            await eventually(lambda: statuses(hub) == ["accepted"])
            (sent,) = [message for message in provider.account.messages.values() if message.direction != "inbound"]
            assert (sent.to, sent.body) == (MINA, "It left.")
            assert sent.callback.startswith(f"{URL}/in/sms-uk?token=")
            # out of order, and more than once
            for status in ("delivered", "sent", "delivered", "queued", "sending"):
                assert await heard(hub, provider.report(sent.sid, status)) == 200
            await eventually(lambda: statuses(hub) == ["delivered"])
            told = [event["data"]["delivery"]["status"] for event in events(hub, "delivery.updated")]
            assert told == ["accepted", "delivered"]

    run(test)


def test_a_carriers_refusal_is_told_with_its_reason(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await say(hub, "anybody there?")
            await eventually(lambda: statuses(hub) == ["accepted"])
            (sid,) = provider.account.messages
            for status, error in (("undelivered", 30005), ("sent", None), ("undelivered", 30005)):
                await heard(hub, provider.report(sid, status, error))
            await eventually(lambda: statuses(hub) == ["failed"])
            error = events(hub, "delivery.updated")[-1]["data"]["delivery"]["error"]
            assert (error["code"], error["provider_code"]) == ("invalid_address", "30005")

    run(test)


def test_stop_blocks_the_way_and_start_opens_it_and_both_are_in_the_history(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            for words in ("hello", "STOP"):
                await heard(hub, provider.genuine(provider.message(words)))
            rejected = await say(hub, "one more thing")
            assert isinstance(rejected, Rejected)
            await heard(hub, provider.genuine(provider.message("START")))
            assert isinstance(await say(hub, "welcome back"), Accepted)
            await eventually(lambda: statuses(hub) == ["accepted"])
            assert texts(hub) == ["hello", "STOP", "START", "welcome back"]
            told = [event["data"]["consent"]["state"] for event in events(hub, "consent.changed")]
            assert told == ["opted_out", "opted_in"]

    run(test)


def test_who_opted_out_at_twilio_is_known_to_have(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider, backfill=False) as hub:
            provider.account.opted_out.add(MINA)
            await say(hub, "hello?")
            await eventually(lambda: statuses(hub) == ["failed"])
            assert [event["data"]["consent"]["state"] for event in events(hub, "consent.changed")] == ["opted_out"]
            assert isinstance(await say(hub, "hello??"), Rejected)

    run(test)


def test_a_picture_arrives_by_way_of_twilios_redirection(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await heard(hub, provider.genuine(provider.picture(b"octets of a picture")))
            await eventually(lambda: rows(hub, "SELECT state FROM attachments") == [("stored",)])
            ((sha256, media_type),) = rows(hub, "SELECT sha256, media_type FROM attachments")
            assert hub.files.path(sha256).read_bytes() == b"octets of a picture"
            assert (texts(hub), media_type) == (["[image]"], "image/jpeg")
            redirected = [asked for asked in provider.requests if asked.path.startswith("/held/")]
            assert redirected
            assert not [asked for asked in redirected if "authorization" in asked.headers]

    run(test)


def test_a_picture_leaves_as_a_link_that_opens_it(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await heard(hub, provider.genuine(provider.picture(b"octets of a picture")))
            await eventually(lambda: rows(hub, "SELECT state FROM attachments") == [("stored",)])
            ((attachment,),) = rows(hub, "SELECT id FROM attachments")
            part = MediaPart(attachment_id=attachment, kind=MediaKind.IMAGE, media_type="image/jpeg")
            assert isinstance(await say(hub, "this?", parts=(part,)), Accepted)
            await eventually(lambda: statuses(hub) == ["accepted"])
            (sent,) = [message for message in provider.account.messages.values() if message.media]
            assert sent.body == "this?"
            (link,) = sent.media
            path, _, query = link.partition("?")
            assert path == f"{URL}/v1/attachments/{attachment}"
            told = dict(pair.split("=") for pair in query.split("&"))
            assert hub.links.valid(attachment, told["expires"], told["signature"], now())

    run(test)


def test_what_came_while_the_hub_was_down_comes_with_its_start(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await eventually(lambda: rows(hub, "SELECT cursor FROM cursors"))
            assert await heard(hub, provider.genuine(provider.message("before"))) == 200
        missed = [provider.message(words) for words in ("while", "STOP")]
        async with running(tmp_path, provider) as hub:
            await eventually(lambda: texts(hub) == ["before", "while", "STOP"])
            assert [event["data"]["consent"]["state"] for event in events(hub, "consent.changed")] == ["opted_out"]
            for body in missed:  # Twilio's own repetition comes after all
                assert await heard(hub, provider.genuine(body)) == 200
            assert texts(hub) == ["before", "while", "STOP"]
            assert len(events(hub, "consent.changed")) == 1

    run(test)


def test_a_send_whose_answer_was_lost_is_never_repeated_and_settled_by_its_report(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider, backfill=False) as hub:
            provider.next(Failure.LOST_ANSWER)
            await say(hub, "once")
            await eventually(lambda: statuses(hub) == ["uncertain"])
            (sid,) = provider.account.messages
            for status in ("delivered", "sent"):
                assert await heard(hub, provider.report(sid, status)) == 200
            await eventually(lambda: statuses(hub) == ["delivered"])
            assert len([asked for asked in provider.requests if provider.is_send(asked)]) == 1
            assert len(provider.account.messages) == 1

    run(test)


def test_a_rate_limit_pauses_the_lane_and_costs_no_attempt(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider, backfill=False) as hub:
            provider.refuse(20429, retry_after="1")
            await say(hub, "patience")
            await eventually(lambda: statuses(hub) == ["accepted"])
            assert rows(hub, "SELECT attempt FROM deliveries") == [(1,)]
            assert len([asked for asked in provider.requests if provider.is_send(asked)]) == 2

    run(test)


def test_no_secret_is_kept_in_the_store(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await heard(hub, provider.genuine(provider.picture(b"x")))
            await say(hub, "hello")
            await eventually(lambda: statuses(hub) == ["accepted"])
            await eventually(lambda: rows(hub, "SELECT id FROM exchanges"))
        kept = b"".join(path.read_bytes() for path in tmp_path.glob("hub.db*"))
        assert NUMBER.encode() in kept
        assert ACCOUNT.encode() in kept
        assert TOKEN.encode() not in kept

    run(test)
