"""A broker that takes nothing for a while, and the hub behind it: customers hear success, and no memory grows."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.bus.names import queue_of
from tests.attack.conftest import LONG
from tests.attack.test_cluster import entered
from tests.attack.test_flood import resident
from tests.end_to_end.hub_process import HubProcess
from tests.end_to_end.own_broker import OwnBroker
from tests.end_to_end.stage import Archive, Customers
from tests.end_to_end.test_broker_killed import LAG
from tests.end_to_end.test_subscribers import assert_whole, said, unannounced

pytestmark = [pytest.mark.kill, pytest.mark.server("rabbitmq"), pytest.mark.timeout(300)]
NAME = "archive"
STEP = 100
"""Events before the alarm, and after it."""
MEANWHILE = 30_000 if LONG else 1_500
"""Messages that customers write while the broker takes nothing; more than a subscription keeps in line."""
ROOM = 60
"""Megabytes the hub may grow by meanwhile."""
BLOCKED = "the broker is short of memory or disk and takes nothing; see its alarms"
PAUSE = 0.01
"""Seconds between a chat's messages."""
SECONDS = 1200 if LONG else 120
"""For each of the steps."""


class Scene(NamedTuple):
    broker: OwnBroker
    hub: HubProcess
    archive: Archive
    customers: Customers

    def acknowledged(self) -> int:
        return sum(map(len, self.customers.acknowledged.values()))

    def metrics(self) -> str:
        answer = self.hub.session.get(f"{self.hub.url}/metrics", timeout=30)
        assert answer.status_code == 200
        return answer.text

    def lag(self) -> float:
        """Events the subscription is behind."""
        [found] = LAG.finditer(self.metrics())
        return float(found["events"])

    async def alarm(self) -> None:
        """The broker is over its memory, whatever it has, and reads no more from who publishes."""
        await asyncio.to_thread(self.broker.control, "set_vm_memory_high_watermark", "absolute", "1")
        await self.until(lambda: self.problem() == BLOCKED)

    async def all_clear(self) -> None:
        await asyncio.to_thread(self.broker.control, "set_vm_memory_high_watermark", "0.6")

    def problem(self) -> str | None:
        found = self.hub.get(f"/v1/subscriptions/{NAME}")["subscription"]["problem"]
        return None if found is None else str(found)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(SECONDS):
            while not await asyncio.to_thread(holds):
                await asyncio.sleep(0.2)


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        broker = OwnBroker(folder / "broker")
        await stack.enter_async_context(entered(broker))
        hub = HubProcess(folder)
        settings = json.loads(hub.config.read_text())
        subscriber = {"queue": True, "cursor_every": 0}
        hub.config.write_text(json.dumps({**settings, "bus": broker.url, "subscriptions": {NAME: subscriber}}))
        await asyncio.to_thread(hub.__enter__)
        stack.push_async_callback(asyncio.to_thread, hub.__exit__)
        archive = Archive(broker.url, queue_of(NAME))
        await archive.start()
        stack.push_async_callback(archive.kill)
        yield Scene(broker, hub, archive, Customers(hub, PAUSE))


def test_while_a_broker_takes_nothing_customers_hear_success_and_afterwards_everything_arrives_in_order(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with scene(tmp_path) as on:
            async with on.customers.writing():
                await on.archive.until_seen(STEP)
                before = resident(on.hub)
                await on.alarm()
                seen, acknowledged = len(on.archive.seen), on.acknowledged()
                await on.until(lambda: on.acknowledged() >= acknowledged + MEANWHILE)
                await on.until(lambda: on.lag() >= MEANWHILE)
                assert len(on.archive.seen) <= seen + STEP  # what the broker had read before
                assert resident(on.hub) - before < ROOM << 20
                await on.all_clear()
                await on.archive.until_seen(len(on.archive.seen) + STEP)
            await on.until(lambda: on.lag() == 0)
            assert on.problem() is None
            feed = await asyncio.to_thread(on.hub.events)
            await on.archive.until_seen(len(feed))
            assert said(feed) == on.customers.acknowledged
            assert_whole(on.archive.sightings, feed)
            assert unannounced(on.archive.sightings) == []

    asyncio.run(story())
