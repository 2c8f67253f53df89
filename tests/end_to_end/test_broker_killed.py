"""kill -9 of consumers, hub and the broker itself, again and again, while customers write.

What was acknowledged reaches each subscriber, without its repetitions exactly once, each conversation in its order.
"""

import asyncio
import json
import os
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.bus.names import queue_of
from tests.end_to_end.hub_process import HubProcess
from tests.end_to_end.own_broker import OwnBroker
from tests.end_to_end.stage import PATIENCE, Archive, Customers, Sighting
from tests.end_to_end.test_subscribers import assert_whole, said
from tests.relay.hubs import webhook
from tests.relay.receiver import Post, Receiver

pytestmark = [pytest.mark.kill, pytest.mark.server("rabbitmq"), pytest.mark.timeout(240)]
QUEUES = ("archive", "ledger")
STEP = 100
"""Events that come between two misfortunes, and while the broker is away."""
PAUSE = 0.15
"""Seconds between a chat's messages: a broker takes seconds to start, more on a machine that is busy with them."""
SEED = int(os.environ.get("TEST_SEED") or (0 if os.environ.get("CI") else random.randrange(1000)))
"""Of the order in which they die; the test's name says it."""
LAG = re.compile(r'^onethread_subscription_lag_events\{subscription="(?P<name>\w+)"\} (?P<events>\S+)$', re.MULTILINE)


class Scene(NamedTuple):
    broker: OwnBroker
    hub: HubProcess
    queues: Mapping[str, Archive]
    """By the subscription they are of."""
    crm: Receiver
    customers: Customers

    async def consumers_die(self) -> None:
        """While one is away, the other gets on."""
        for name, consumer in self.queues.items():
            others = {other: len(one.seen) for other, one in self.queues.items() if other != name}
            await consumer.kill()
            for other, seen in others.items():
                await self.queues[other].until_seen(seen + STEP)
            await consumer.start()

    async def hub_dies(self) -> None:
        await asyncio.to_thread(self.hub.kill)
        await asyncio.to_thread(self.hub.start)

    async def broker_dies(self) -> None:
        """While it is away customers hear success, the webhook has its events, and whoever looks sees who has not."""
        acknowledged = self.acknowledged()
        await asyncio.to_thread(self.broker.kill)
        await self.until(lambda: self.acknowledged() >= acknowledged + STEP)
        await self.webhook_gets_on()
        await self.until(lambda: self.behind() == set(QUEUES))
        assert "\nonethread_bus_up 0.0\n" in self.metrics()
        await asyncio.to_thread(self.broker.start)

    async def all_get_on(self) -> None:
        for consumer in self.queues.values():
            await consumer.until_seen(len(consumer.seen) + STEP)
        await self.webhook_gets_on()

    async def webhook_gets_on(self) -> None:
        wanted = len(self.crm.taken) + STEP
        await self.crm.until(lambda: len(self.crm.taken) >= wanted)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not await asyncio.to_thread(holds):  # noqa: ASYNC110 - the hub's numbers ring no bell
                await asyncio.sleep(0.1)

    def acknowledged(self) -> int:
        return sum(map(len, self.customers.acknowledged.values()))

    def metrics(self) -> str:
        answer = self.hub.session.get(f"{self.hub.url}/metrics", timeout=30)
        assert answer.status_code == 200
        return answer.text

    def lag(self) -> dict[str, float]:
        """By subscription, in events."""
        return {found["name"]: float(found["events"]) for found in LAG.finditer(self.metrics())}

    def behind(self) -> set[str]:
        return {name for name, events in self.lag().items() if events >= STEP}


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        broker = OwnBroker(folder / "broker")
        await asyncio.to_thread(broker.__enter__)
        stack.push_async_callback(asyncio.to_thread, broker.__exit__)
        crm = await stack.enter_async_context(Receiver())
        hub = HubProcess(folder)
        queues = {name: {"queue": True, "cursor_every": 0} for name in QUEUES}
        settings = json.loads(hub.config.read_text())
        subscribers = {**queues, "crm": webhook(crm.url)}
        hub.config.write_text(json.dumps({**settings, "bus": broker.url, "subscriptions": subscribers}))
        await asyncio.to_thread(hub.__enter__)
        stack.push_async_callback(asyncio.to_thread, hub.__exit__)
        consumers = {name: Archive(broker.url, queue_of(name)) for name in QUEUES}
        for consumer in consumers.values():
            await consumer.start()
            stack.push_async_callback(consumer.kill)
        yield Scene(broker, hub, consumers, crm, Customers(hub, PAUSE))


def sighted(post: Post) -> Sighting:
    return Sighting(post.event["id"], post.position, int(post.event["previous"]), post.partition)


Misfortune = Callable[[Scene], Awaitable[None]]
MISFORTUNES: tuple[Misfortune, ...] = (Scene.consumers_die, Scene.hub_dies, Scene.broker_dies)


@pytest.mark.parametrize("seed", [SEED])
def test_whoever_is_killed_each_subscriber_has_each_event_and_each_conversation_in_order(
    tmp_path: Path, seed: int
) -> None:
    in_turn = random.Random(seed).sample(MISFORTUNES * 2, 2 * len(MISFORTUNES))

    async def story() -> None:
        async with scene(tmp_path) as on:
            async with on.customers.writing():
                await on.all_get_on()
                for misfortune in in_turn:
                    await misfortune(on)
                    await on.all_get_on()
            await on.until(lambda: on.lag() == dict.fromkeys((*QUEUES, "crm"), 0))
            feed = await asyncio.to_thread(on.hub.events)
            assert said(feed) == on.customers.acknowledged
            for consumer in on.queues.values():
                with suppress(TimeoutError):  # what is missing is told below
                    await consumer.until_seen(len(feed))
                assert_whole(consumer.sightings, feed)
            assert_whole([sighted(post) for post in on.crm.posts], feed)

    asyncio.run(story())
