"""A hub with this connector, and the Google Play Developer API beside it."""

import asyncio

import msgspec
import pytest
from play import SETTINGS

from connectors.channels.googleplay_reviews.simulator import FIRST, Simulator
from connectors.kit.testing.simulator import Failure
from gateway.send.asks import Accepted
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, kept, running

QUICK = {"poll_seconds": 0.05, "rate_pause": 0.3}


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def test_a_review_is_answered_in_public(tmp_path, provider):
    async def test():
        async with running(tmp_path, "googleplay_reviews", provider, **QUICK) as beside:
            provider.write("Crashes\tSince the update", 1, appVersionName="4.1")
            await eventually(lambda: texts(beside.hub) == ["★☆☆☆☆ Crashes — Since the update"])
            assert rows(beside.hub, "SELECT visibility FROM routes") == [("public",)]
            assert isinstance(await beside.say("Sorry! It is mended."), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            await beside.say("Sorry! It is mended in 4.2.")
            await eventually(lambda: beside.statuses() == ["accepted", "accepted"])
            assert provider.replies() == ["Sorry! It is mended in 4.2."]
            await beside.say("x" * 400)
            await eventually(lambda: beside.statuses() == ["accepted", "accepted", "failed"])
            assert provider.replies() == ["Sorry! It is mended in 4.2."]
        secret = msgspec.json.decode(SETTINGS["service_account_key"])["private_key"].splitlines()[1].encode()
        store = kept(tmp_path)
        assert secret not in store
        assert b"ya29." not in store

    asyncio.run(test())


def test_an_edited_review_is_an_edit_and_one_that_cannot_be_read_is_set_aside(tmp_path, provider):
    async def test():
        async with running(tmp_path, "googleplay_reviews", provider, **QUICK) as beside:
            name = provider.write("Crashes", 1)
            await eventually(lambda: texts(beside.hub) == ["★☆☆☆☆ Crashes"])
            provider.write("Better now", 4, name=name)
            provider.write("Out of bounds", 11)
            await eventually(lambda: texts(beside.hub) == ["★★★★☆ Better now"])
            assert len(events(beside.hub, "message.edited")) == 1
            await eventually(lambda: rows(beside.hub, "SELECT count(*) FROM quarantine") == [(1,)])

    asyncio.run(test())


def test_after_a_restart_nothing_comes_twice(tmp_path, provider):
    async def test():
        provider.write("Crashes", 1)
        for _ in range(2):
            async with running(tmp_path, "googleplay_reviews", provider, **QUICK) as beside:
                asked = len(provider.requests)
                await eventually(lambda asked=asked: len(provider.requests) >= asked + 3)
                assert texts(beside.hub) == ["★☆☆☆☆ Crashes"]

    asyncio.run(test())


def test_nobody_can_post_a_review(tmp_path, provider):
    async def test():
        async with running(tmp_path, "googleplay_reviews", provider, **QUICK) as beside:
            body = msgspec.json.encode({"reviews": [provider.reviews[FIRST]]})
            assert await beside.heard(provider.genuine(body)) == 401
            assert rows(beside.hub, "SELECT count(*) FROM messages") == [(0,)]

    asyncio.run(test())


def test_too_many_are_waited_for_and_a_lost_answer_is_not_repeated(tmp_path, provider):
    async def test():
        async with running(tmp_path, "googleplay_reviews", provider, **QUICK) as beside:
            provider.write("Crashes", 1)
            await eventually(lambda: texts(beside.hub))
            provider.next(Failure.RATE_LIMITED)
            await beside.say("Sorry!")
            await eventually(lambda: beside.statuses() == ["accepted"])
            provider.next(Failure.LOST_ANSWER)
            await beside.say("Sorry again!")
            await eventually(lambda: beside.statuses() == ["accepted", "uncertain"])
            assert len([request for request in provider.requests if provider.is_send(request)]) == 3

    asyncio.run(test())
