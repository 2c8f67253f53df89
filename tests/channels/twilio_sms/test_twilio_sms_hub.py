"""A hub with this connector, and Twilio beside it: what leaves, what is reported, what was missed."""

import asyncio

import pytest
from twilio_sms_sender import ACCOUNT, MINA, NUMBER, SETTINGS, TOKEN

from connectors.channels.twilio_sms.simulator import Simulator
from connectors.kit.testing.simulator import Failure
from gateway.send.asks import Accepted, Rejected
from gateway.store.times import now
from normalizer.parts import MediaKind, MediaPart
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, HUB, kept, running

OFTEN = {"limits": {"backfill_every": "1s"}}


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def run(test):
    asyncio.run(test())


def test_a_conversation_by_text_message(tmp_path, provider):
    async def test():
        async with running(tmp_path, "twilio_sms", provider, told=OFTEN) as beside:
            assert await beside.heard(provider.genuine(provider.message("my order #881"))) == 200
            ((conversation,),) = rows(beside.hub, "SELECT id FROM conversations")
            assert isinstance(await beside.say("It left.", conversation_id=conversation), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            (sent,) = [message for message in provider.account.messages.values() if message.direction != "inbound"]
            assert (sent.to, sent.body) == (MINA, "It left.")
            assert sent.callback.startswith(f"{HOOK}?token=")
            # out of order, and more than once
            for status in ("delivered", "sent", "delivered", "queued", "sending"):
                assert await beside.heard(provider.report(sent.sid, status)) == 200
            await eventually(lambda: beside.statuses() == ["delivered"])
            told = [event["data"]["delivery"]["status"] for event in events(beside.hub, "delivery.updated")]
            assert told == ["accepted", "delivered"]

    run(test)


def test_a_carriers_refusal_is_told_with_its_reason(tmp_path, provider):
    async def test():
        async with running(tmp_path, "twilio_sms", provider, told=OFTEN) as beside:
            await beside.say("anybody there?", to=MINA)
            await eventually(lambda: beside.statuses() == ["accepted"])
            (sid,) = provider.account.messages
            for status, error in (("undelivered", 30005), ("sent", None), ("undelivered", 30005)):
                await beside.heard(provider.report(sid, status, error))
            await eventually(lambda: beside.statuses() == ["failed"])
            error = events(beside.hub, "delivery.updated")[-1]["data"]["delivery"]["error"]
            assert (error["code"], error["provider_code"]) == ("invalid_address", "30005")

    run(test)


def test_stop_blocks_the_way_and_start_opens_it_and_both_are_in_the_history(tmp_path, provider):
    async def test():
        async with running(tmp_path, "twilio_sms", provider, told=OFTEN) as beside:
            for words in ("hello", "STOP"):
                await beside.heard(provider.genuine(provider.message(words)))
            rejected = await beside.say("one more thing", to=MINA)
            assert isinstance(rejected, Rejected)
            await beside.heard(provider.genuine(provider.message("START")))
            assert isinstance(await beside.say("welcome back", to=MINA), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            assert texts(beside.hub) == ["hello", "STOP", "START", "welcome back"]
            assert beside.consents() == ["opted_out", "opted_in"]

    run(test)


def test_who_opted_out_at_twilio_is_known_to_have(tmp_path, provider):
    async def test():
        async with running(tmp_path, "twilio_sms", provider, told=OFTEN, backfill=False) as beside:
            provider.account.opted_out.add(MINA)
            await beside.say("hello?", to=MINA)
            await eventually(lambda: beside.statuses() == ["failed"])
            assert beside.consents() == ["opted_out"]
            assert isinstance(await beside.say("hello??", to=MINA), Rejected)

    run(test)


def test_a_picture_arrives_by_way_of_twilios_redirection(tmp_path, provider):
    async def test():
        async with running(tmp_path, "twilio_sms", provider, told=OFTEN) as beside:
            await beside.heard(provider.genuine(provider.picture(b"octets of a picture")))
            await eventually(lambda: rows(beside.hub, "SELECT state FROM attachments") == [("stored",)])
            ((sha256, media_type),) = rows(beside.hub, "SELECT sha256, media_type FROM attachments")
            assert beside.hub.files.path(sha256).read_bytes() == b"octets of a picture"
            assert (texts(beside.hub), media_type) == (["[image]"], "image/jpeg")
            redirected = [asked for asked in provider.requests if asked.path.startswith("/held/")]
            assert redirected
            assert not [asked for asked in redirected if "authorization" in asked.headers]

    run(test)


def test_a_picture_leaves_as_a_link_that_opens_it(tmp_path, provider):
    async def test():
        async with running(tmp_path, "twilio_sms", provider, told=OFTEN) as beside:
            await beside.heard(provider.genuine(provider.picture(b"octets of a picture")))
            await eventually(lambda: rows(beside.hub, "SELECT state FROM attachments") == [("stored",)])
            ((attachment,),) = rows(beside.hub, "SELECT id FROM attachments")
            part = MediaPart(attachment_id=attachment, kind=MediaKind.IMAGE, media_type="image/jpeg")
            assert isinstance(await beside.say("this?", parts=(part,), to=MINA), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            (sent,) = [message for message in provider.account.messages.values() if message.media]
            assert sent.body == "this?"
            (link,) = sent.media
            path, _, query = link.partition("?")
            assert path == f"{HUB}/v1/attachments/{attachment}"
            told = dict(pair.split("=") for pair in query.split("&"))
            assert beside.hub.links.valid(attachment, told["expires"], told["signature"], now())

    run(test)


def test_what_came_while_the_hub_was_down_comes_with_its_start(tmp_path, provider):
    async def test():
        async with running(tmp_path, "twilio_sms", provider, told=OFTEN) as beside:
            await eventually(lambda: rows(beside.hub, "SELECT cursor FROM cursors"))
            assert await beside.heard(provider.genuine(provider.message("before"))) == 200
        missed = [provider.message(words) for words in ("while", "STOP")]
        async with running(tmp_path, "twilio_sms", provider, told=OFTEN) as beside:
            await eventually(lambda: texts(beside.hub) == ["before", "while", "STOP"])
            assert beside.consents() == ["opted_out"]
            for body in missed:  # Twilio's own repetition comes after all
                assert await beside.heard(provider.genuine(body)) == 200
            assert texts(beside.hub) == ["before", "while", "STOP"]
            assert len(events(beside.hub, "consent.changed")) == 1

    run(test)


def test_a_send_whose_answer_was_lost_is_never_repeated_and_settled_by_its_report(tmp_path, provider):
    async def test():
        async with running(tmp_path, "twilio_sms", provider, told=OFTEN, backfill=False) as beside:
            provider.next(Failure.LOST_ANSWER)
            await beside.say("once", to=MINA)
            await eventually(lambda: beside.statuses() == ["uncertain"])
            (sid,) = provider.account.messages
            for status in ("delivered", "sent"):
                assert await beside.heard(provider.report(sid, status)) == 200
            await eventually(lambda: beside.statuses() == ["delivered"])
            assert len([asked for asked in provider.requests if provider.is_send(asked)]) == 1
            assert len(provider.account.messages) == 1

    run(test)


def test_a_rate_limit_pauses_the_lane_and_costs_no_attempt(tmp_path, provider):
    async def test():
        async with running(tmp_path, "twilio_sms", provider, told=OFTEN, backfill=False) as beside:
            provider.refuse(20429, retry_after="1")
            await beside.say("patience", to=MINA)
            await eventually(lambda: beside.statuses() == ["accepted"])
            assert rows(beside.hub, "SELECT attempt FROM deliveries") == [(1,)]
            assert len([asked for asked in provider.requests if provider.is_send(asked)]) == 2

    run(test)


def test_no_secret_is_kept_in_the_store(tmp_path, provider):
    async def test():
        async with running(tmp_path, "twilio_sms", provider, told=OFTEN) as beside:
            await beside.heard(provider.genuine(provider.picture(b"x")))
            await beside.say("hello", to=MINA)
            await eventually(lambda: beside.statuses() == ["accepted"])
            await eventually(lambda: rows(beside.hub, "SELECT id FROM exchanges"))
        octets = kept(tmp_path)
        assert NUMBER.encode() in octets
        assert ACCOUNT.encode() in octets
        assert TOKEN.encode() not in octets

    run(test)
