"""kill -9 of the hub at instants drawn by lot, while four channels write and two subscribers read."""

import asyncio
import random
from contextlib import suppress

import pytest

from tests.attack.channels import Channels, Crowd
from tests.attack.conftest import LONG
from tests.attack.watching import Stream, assert_once_and_in_order
from tests.relay.hubs import webhook
from tests.relay.receiver import Receiver

pytestmark = pytest.mark.kill
EACH, CUSTOMERS = (8_000, 4) if LONG else (40, 4)
"""Messages of each customer, and customers of each channel; of mails there are fewer. The long size is 100,000."""
KILLS = 100 if LONG else 3
PAUSE = 0.0 if LONG else 0.05
QUICK, SLOW = 0.02, 1.0
"""Seconds a hub lives after it was ready."""
CAUGHT_UP = 600 if LONG else 30


def test_what_was_acknowledged_is_there_once_in_order_and_told_to_every_subscriber(
    channels: Channels, seed: int
) -> None:
    asyncio.run(_story(channels, random.Random(seed)))


async def _story(channels: Channels, lot: random.Random) -> None:
    hub, crowd, stream = channels.hub, Crowd(channels, EACH, CUSTOMERS, PAUSE), Stream(channels.hub)
    async with Receiver() as crm:
        channels.configure(subscriptions={"crm": webhook(crm.url)})
        await asyncio.to_thread(hub.__enter__)
        following = asyncio.create_task(stream.follow())
        try:
            writing = asyncio.create_task(crowd.write())
            for _ in range(KILLS):
                await asyncio.sleep(lot.uniform(QUICK, SLOW))
                await asyncio.to_thread(hub.kill)
                await asyncio.to_thread(hub.start)
            await writing
            events = await asyncio.to_thread(hub.events)
            newest = int(events[-1]["position"])
            async with asyncio.timeout(CAUGHT_UP):
                while not stream.positions or stream.positions[-1] < newest or len(crm.first()) < newest:
                    await asyncio.sleep(0.1)
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
            await asyncio.to_thread(hub.__exit__)

    assert_once_and_in_order(events, [customer.acknowledged for customer in crowd.customers])
    assert stream.positions == list(range(1, newest + 1))
    assert stream.ids == [event["id"] for event in events]
    assert {post.event["id"] for post in crm.first()} == {event["id"] for event in events}
    assert len(crm.first()) == len(events)
    lines: dict[str, list[int]] = {}
    for event in events:
        lines.setdefault(event["partitionkey"], []).append(int(event["position"]))
    assert crm.lines() == lines
