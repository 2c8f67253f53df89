"""A hub with this connector, and Vonage beside it: a customer writes, is answered, reads, and says STOP."""

import asyncio
from dataclasses import replace

import msgspec
import pytest
from vonage_account import ANA, SENDER, SETTINGS, WHATSAPP

from connectors.channels.vonage.simulator import Simulator
from connectors.kit.testing.simulator import Failure
from gateway.send.asks import Accepted, Rejected
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, kept, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


@pytest.fixture
def whatsapp():
    with Simulator(WHATSAPP, HOOK) as simulator:
        yield simulator


def test_a_conversation_by_sms(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vonage", provider) as beside:
            said = provider.genuine(provider.message("Where is my order?", ANA))
            assert [await beside.heard(said) for _ in range(2)] == [200, 200]
            assert isinstance(await beside.say("It left."), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((name, sent),) = provider.sent.items()
            assert (sent["to"], sent["from"], sent["text"], sent["webhook_url"]) == (ANA, SENDER, "It left.", HOOK)
            for word in ("delivered", "submitted", "delivered"):
                assert await beside.heard(provider.genuine(provider.report(name, word))) == 200
            await eventually(lambda: beside.statuses() == ["delivered"])
            assert texts(beside.hub) == ["Where is my order?", "It left."]
            assert rows(beside.hub, "SELECT scheme, value FROM identities") == [("tel", f"+{ANA}")]
        for name in ("api_secret", "signature_secret"):
            assert SETTINGS[name].encode() not in kept(tmp_path)

    asyncio.run(test())


def test_the_hub_knows_which_channel_it_is(tmp_path, whatsapp):
    async def test():
        async with running(tmp_path, "vonage", whatsapp) as beside:
            assert isinstance(await beside.say("Hello", to=f"+{ANA}"), Rejected)  # nobody wrote yet
            await beside.heard(whatsapp.genuine(whatsapp.message("Hi", ANA)))
            (received,) = events(beside.hub, "message.received")
            assert received["channel"] == "whatsapp"
            assert received["data"]["contact"]["name"] == f"Customer {ANA}"

    asyncio.run(test())


def test_what_is_forged_is_refused_and_what_is_unsigned_comes_again(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vonage", provider) as beside:
            said = provider.genuine(provider.message("Hello", ANA))
            before = beside.hub.feed.newest()
            assert await beside.heard(replace(said, headers={})) == 503
            assert await beside.heard(replace(said, body=said.body + b" ")) == 403
            assert beside.hub.feed.newest() == before
            assert rows(beside.hub, "SELECT count(*) FROM messages") == [(0,)]
            assert await beside.heard(said) == 200
            assert texts(beside.hub) == ["Hello"]

    asyncio.run(test())


def test_what_cannot_be_read_is_set_aside_and_the_next_is_recorded(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vonage", provider) as beside:
            other = msgspec.json.decode(provider.message("for another connector", ANA)) | {"channel": "mms"}
            for body in (msgspec.json.encode(other), b"[", provider.message("Hello", ANA)):
                assert await beside.heard(provider.genuine(body)) == 200
            assert texts(beside.hub) == ["Hello"]
            reasons = [reason for (reason,) in rows(beside.hub, "SELECT reason FROM quarantine ORDER BY id")]
            assert reasons[0] == "of the channel mms; this connector is sms"
            assert len(reasons) == 2

    asyncio.run(test())


def test_who_says_stop_is_left_alone_until_they_say_start(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vonage", provider) as beside:
            for word in ("Hello", "STOP"):
                await beside.heard(provider.genuine(provider.message(word, ANA)))
            assert isinstance(await beside.say("one more thing"), Rejected)
            await beside.heard(provider.genuine(provider.message("start", ANA)))
            assert isinstance(await beside.say("one more thing"), Accepted)
            told = [event["data"]["consent"]["state"] for event in events(beside.hub, "consent.changed")]
            assert told == ["opted_out", "opted_in"]

    asyncio.run(test())


def test_a_lost_answer_is_settled_by_the_report(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vonage", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello", ANA)))
            provider.next(Failure.LOST_ANSWER)
            await beside.say("It left.")
            await eventually(lambda: beside.statuses() == ["uncertain"])
            ((name, _),) = provider.sent.items()
            assert await beside.heard(provider.genuine(provider.report(name, "delivered"))) == 200
            await eventually(lambda: beside.statuses() == ["delivered"])
            assert len(provider.sent) == 1

    asyncio.run(test())


def test_too_many_requests_pause_the_lane_and_cost_no_attempt(tmp_path, provider):
    async def test():
        async with running(tmp_path, "vonage", provider, rate_pause=0.2) as beside:
            await beside.heard(provider.genuine(provider.message("Hello", ANA)))
            provider.next(Failure.RATE_LIMITED)
            await beside.say("It left.")
            await eventually(lambda: beside.statuses() == ["accepted"], seconds=10)
            assert rows(beside.hub, "SELECT attempt FROM deliveries") == [(1,)]

    asyncio.run(test())


def test_outside_of_the_window_says_so(tmp_path, whatsapp):
    async def test():
        async with running(tmp_path, "vonage", whatsapp) as beside:
            await beside.heard(whatsapp.genuine(whatsapp.message("Hello", ANA)))
            await beside.say("It left.")
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((name, _),) = whatsapp.sent.items()
            await beside.heard(whatsapp.genuine(whatsapp.report(name, "rejected", "1340")))
            await eventually(lambda: beside.statuses() == ["failed"])
            told = events(beside.hub, "delivery.updated")[-1]["data"]["delivery"]["error"]
            assert (told["code"], told["provider_code"]) == ("window_closed", "1340")

    asyncio.run(test())


def test_a_picture_is_fetched(tmp_path, whatsapp):
    async def test():
        async with running(tmp_path, "vonage", whatsapp) as beside:
            await beside.heard(whatsapp.genuine(whatsapp.picture(b"octets of a picture", ANA)))
            await eventually(lambda: rows(beside.hub, "SELECT state, size FROM attachments") == [("stored", 19)])

    asyncio.run(test())
