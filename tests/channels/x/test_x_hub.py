"""A hub with this connector, and X beside it: a customer writes, is answered, reads, and blocks."""

import asyncio
from dataclasses import replace

import msgspec
import pytest
from x_account import ANA, SECRETS, SETTINGS, US

from connectors.channels.x.simulator import Simulator
from connectors.kit.testing.simulator import Failure
from gateway.send.asks import Accepted, Rejected
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, kept, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def test_a_conversation_on_x(tmp_path, provider):
    async def test():
        async with running(tmp_path, "x", provider) as beside:
            said = provider.genuine(provider.message("Where is my order?", ANA))
            assert [await beside.heard(said) for _ in range(2)] == [200, 200]
            assert isinstance(await beside.say("It left."), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((name, sent),) = provider.sent.items()
            assert sent == {"to": ANA, "text": "It left."}
            assert await beside.heard(provider.genuine(provider.said({"text": "It left."}, US, ANA, name))) == 200
            assert texts(beside.hub) == ["Where is my order?", "It left."]
            assert await beside.heard(provider.genuine(provider.typing(ANA))) == 200
            assert await beside.heard(provider.genuine(provider.read(name, ANA))) == 200
            await eventually(lambda: beside.statuses() == ["read"])
        assert not any(SETTINGS[name].encode() in kept(tmp_path) for name in SECRETS)

    asyncio.run(test())


def test_what_the_account_wrote_elsewhere_is_ours(tmp_path, provider):
    async def test():
        async with running(tmp_path, "x", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello", ANA)))
            await beside.heard(provider.genuine(provider.said({"text": "Hello, Ana"}, US, ANA)))
            await eventually(lambda: texts(beside.hub) == ["Hello", "Hello, Ana"])
            (ours,) = events(beside.hub, "message.created")
            assert (ours["data"]["message"]["direction"], ours["data"]["message"]["text"]) == ("out", "Hello, Ana")
            assert len(beside.conversations()) == 1
            assert provider.sent == {}

    asyncio.run(test())


def test_x_asks_whether_the_address_is_ours(tmp_path, provider):
    async def test():
        async with running(tmp_path, "x", provider) as beside:
            assert await beside.heard(provider.question("MDg4YzkxNzItZjk5Mi00")) == 200
            assert await beside.heard(provider.question("%7B%7D")) == 403
            assert rows(beside.hub, "SELECT count(*) FROM messages") == [(0,)]

    asyncio.run(test())


def test_what_is_forged_is_refused(tmp_path, provider):
    async def test():
        async with running(tmp_path, "x", provider) as beside:
            said = provider.genuine(provider.message("Hello", ANA))
            before = beside.hub.feed.newest()
            assert await beside.heard(replace(said, headers={})) == 401
            assert await beside.heard(replace(said, body=said.body + b" ")) == 403
            assert beside.hub.feed.newest() == before

    asyncio.run(test())


def test_half_a_batch_that_cannot_be_read_keeps_the_rest_from_nothing(tmp_path, provider):
    async def test():
        async with running(tmp_path, "x", provider) as beside:
            told = msgspec.json.decode(provider.message("Hello", ANA))
            told["direct_message_events"].insert(0, {"type": "message_create"})
            assert await beside.heard(provider.genuine(msgspec.json.encode(told))) == 200
            other = msgspec.json.encode({**told, "for_user_id": "333"})
            assert await beside.heard(provider.genuine(other)) == 200
            assert texts(beside.hub) == ["Hello"]
            assert rows(beside.hub, "SELECT count(*) FROM quarantine") == [(2,)]

    asyncio.run(test())


def test_who_blocks_is_left_alone(tmp_path, provider):
    async def test():
        async with running(tmp_path, "x", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello", ANA)))
            await beside.heard(provider.genuine(provider.block(ANA)))
            assert isinstance(await beside.say("one more thing"), Rejected)
            told = [event["data"]["consent"]["state"] for event in events(beside.hub, "consent.changed")]
            assert told == ["opted_out"]

    asyncio.run(test())


def test_a_lost_answer_is_left_to_an_operator(tmp_path, provider):
    async def test():
        async with running(tmp_path, "x", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello", ANA)))
            provider.next(Failure.LOST_ANSWER)
            await beside.say("It left.")
            await eventually(lambda: beside.statuses() == ["uncertain"])
            assert len(provider.sent) == 1

    asyncio.run(test())


def test_a_picture_is_fetched(tmp_path, provider):
    async def test():
        async with running(tmp_path, "x", provider) as beside:
            await beside.heard(provider.genuine(provider.picture(b"octets of a picture", ANA)))
            await eventually(lambda: rows(beside.hub, "SELECT state, size FROM attachments") == [("stored", 19)])

    asyncio.run(test())


def test_what_came_while_the_hub_was_down_is_asked_for_and_told_once(tmp_path, provider):
    async def test():
        async with running(tmp_path, "x", provider) as beside:
            await eventually(lambda: rows(beside.hub, "SELECT cursor FROM cursors") == [("0",)])
        missed = provider.list("Are you there?", ANA)
        async with running(tmp_path, "x", provider) as beside:
            await eventually(lambda: texts(beside.hub) == ["Are you there?"])
            late = provider.genuine(provider.said({"text": "Are you there?"}, ANA, name=missed))
            assert await beside.heard(late) == 200
            assert texts(beside.hub) == ["Are you there?"]

    asyncio.run(test())
