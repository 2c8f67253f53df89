"""A hub with this connector, and Weibo beside it: somebody writes, is answered, and stops following."""

import asyncio
from dataclasses import replace

import msgspec
import pytest
from weibo_account import LI, SECRET, SETTINGS, TOKEN

from connectors.channels.weibo.simulator import Simulator
from connectors.kit.testing.simulator import Failure
from gateway.send.asks import Accepted, Rejected
from gateway.send.verdict import Outcome, Verdict, judge
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, kept, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def test_a_conversation_on_weibo(tmp_path, provider):
    async def test():
        async with running(tmp_path, "weibo", provider) as beside:
            body = provider.message("订单到哪了", LI)
            assert [await beside.heard(provider.genuine(body)) for _ in range(3)] == [200] * 3
            assert isinstance(await beside.say("已经寄出 📦"), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((told),) = provider.sent
            assert (told["receiver_id"], told["type"], told["text"]) == (LI, "text", "已经寄出 📦")
            assert texts(beside.hub) == ["订单到哪了", "已经寄出 📦"]

    asyncio.run(test())


def test_the_same_words_a_second_later_are_another_message(tmp_path, provider):
    async def test():
        async with running(tmp_path, "weibo", provider) as beside:
            for _ in range(2):
                await beside.heard(provider.genuine(provider.message("hello?", LI)))
            assert texts(beside.hub) == ["hello?", "hello?"]

    asyncio.run(test())


def test_long_words_go_in_pieces_that_weibo_takes(tmp_path, provider):
    async def test():
        async with running(tmp_path, "weibo", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Tell me all", LI)))
            await beside.say("长" * 700)
            await eventually(lambda: beside.statuses() == ["accepted"])
            assert "".join(told["text"] for told in provider.sent) == "长" * 700
            assert len(provider.sent) == 3

    asyncio.run(test())


def test_who_stops_following_is_left_alone_until_they_follow_again(tmp_path, provider):
    async def test():
        async with running(tmp_path, "weibo", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello", LI)))
            await beside.heard(provider.genuine(provider.event("unfollow", LI)))
            assert isinstance(await beside.say("one more thing"), Rejected)
            await beside.heard(provider.genuine(provider.event("follow", LI)))
            assert isinstance(await beside.say("welcome back"), Accepted)
            told = [event["data"]["consent"]["state"] for event in events(beside.hub, "consent.changed")]
            assert told == ["opted_out", "opted_in"]

    asyncio.run(test())


def test_a_call_nobody_signed_leaves_nothing_and_what_cannot_be_read_is_set_aside(tmp_path, provider):
    async def test():
        async with running(tmp_path, "weibo", provider) as beside:
            forger = Simulator({**SETTINGS, "app_secret": "guessed"}, HOOK)
            assert await beside.heard(forger.genuine(forger.message("let me in", LI))) == 403
            assert rows(beside.hub, "SELECT count(*) FROM raws") == [(0,)]
            other = Simulator({**SETTINGS, "account_id": 1902500099}, HOOK)
            elsewhere = replace(provider.genuine(b"{"), body=other.message("not for us", LI))
            for wire in (provider.genuine(b"{"), provider.genuine(provider.said("image", LI)), elsewhere):
                assert await beside.heard(wire) == 200
            await beside.heard(provider.genuine(provider.message("readable", LI)))
            assert texts(beside.hub) == ["readable"]
            assert len(rows(beside.hub, "SELECT id FROM quarantine")) == 3

    asyncio.run(test())


def test_a_picture_is_fetched(tmp_path, provider):
    async def test():
        async with running(tmp_path, "weibo", provider) as beside:
            await beside.heard(provider.genuine(provider.held("image", "image/jpeg", b"octets of a picture", LI)))
            await eventually(lambda: rows(beside.hub, "SELECT state, size FROM attachments") == [("stored", 19)])

    asyncio.run(test())


def test_a_send_whose_answer_was_lost_is_settled_by_an_operator(tmp_path, provider):
    async def test():
        async with running(tmp_path, "weibo", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello", LI)))
            provider.next(Failure.LOST_ANSWER)
            await beside.say("once")
            await eventually(lambda: beside.statuses() == ["uncertain"])
            ((delivery,),) = rows(beside.hub, "SELECT id FROM deliveries")
            await beside.hub.writer.write(judge, Verdict(delivery, Outcome.ACCEPTED, "Ada", {}))
            await eventually(lambda: beside.statuses() == ["accepted"])
            assert len(provider.sent) == 1

    asyncio.run(test())


def test_no_secret_is_kept_in_the_store(tmp_path, provider):
    async def test():
        async with running(tmp_path, "weibo", provider) as beside:
            await beside.heard(provider.genuine(provider.held("voice", "audio/amr", b"x", LI)))
            await beside.say("hello")
            await eventually(lambda: beside.statuses() == ["accepted"])
            await eventually(lambda: rows(beside.hub, "SELECT state FROM attachments") == [("stored",)])
            await eventually(lambda: len(rows(beside.hub, "SELECT id FROM exchanges")) == 2)
            assert msgspec.json.encode(LI).strip(b'"') in kept(tmp_path)
        store = kept(tmp_path)
        assert SECRET.encode() not in store
        assert TOKEN.encode() not in store

    asyncio.run(test())
