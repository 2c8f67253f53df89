"""A cluster of three brokers that loses its majority; a broker that hangs, that is full, that is impatient."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from gateway.bus.addresses import brokers
from gateway.bus.contract import Bus, BusDown, Incoming, Unroutable, open_bus
from gateway.bus.rabbit import RabbitBus
from tests.bus.conftest import name
from tests.end_to_end.own_broker import OwnBroker

pytestmark = [pytest.mark.attack, pytest.mark.kill, pytest.mark.server("rabbitmq"), pytest.mark.timeout(400)]
STEP = 100
"""Messages between two misfortunes."""
PATIENCE = 90.0
"""Seconds."""


@asynccontextmanager
async def entered(*nodes: OwnBroker) -> AsyncIterator[None]:
    """The first has the epmd of all."""

    async def enter(node: OwnBroker) -> None:
        await asyncio.to_thread(node.__enter__)
        stack.push_async_callback(asyncio.to_thread, node.__exit__)

    async with AsyncExitStack() as stack:
        await enter(nodes[0])
        await asyncio.gather(*map(enter, nodes[1:]))
        yield


@asynccontextmanager
async def running(bus: Bus, queue: str) -> AsyncIterator[Bus]:
    bus.start()
    async with asyncio.timeout(PATIENCE):
        await bus.ready()
        await bus.declare(queue)
    try:
        yield bus
    finally:
        await bus.stop()


class Traffic:
    """Publishes message after message, each again until it is confirmed, as a relay does; and takes them."""

    def __init__(self, bus: Bus, queue: str) -> None:
        self.confirmed: list[str] = []
        self.taken: list[str] = []
        self._bus = bus
        self._queue = queue

    async def publish(self) -> None:
        while True:
            n = str(len(self.confirmed))
            try:
                await self._bus.publish("", self._queue, b"{}", {}, mandatory=True, message_id=n)
                self.confirmed.append(n)
                await asyncio.sleep(0.005)
            except Unroutable:
                with contextlib.suppress(BusDown):
                    await self._bus.declare(self._queue)
            except BusDown:
                await self._bus.ready()
                await asyncio.sleep(0.1)

    async def take(self, incoming: Incoming) -> None:
        self.taken.append(str(incoming.message_id))

    async def goes_on(self) -> None:
        """So many more are confirmed, and taken."""
        confirmed, taken = len(self.confirmed) + STEP, len(self.taken) + STEP
        await until(lambda: len(self.confirmed) >= confirmed and len(self.taken) >= taken)

    async def until_all_are_taken(self) -> None:
        await until(lambda: set(self.confirmed) <= set(self.taken))


async def until(there: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not there():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def flowing(traffic: Traffic, bus: Bus, queue: str) -> AsyncIterator[None]:
    consuming = bus.consume(queue, traffic.take)
    publishing = asyncio.create_task(traffic.publish())
    try:
        await traffic.goes_on()
        yield
        publishing.cancel()
        await asyncio.wait((publishing,))
        await traffic.until_all_are_taken()
    finally:
        publishing.cancel()
        await consuming.stop()


def test_with_one_of_three_nodes_left_nothing_is_confirmed_until_another_comes_back(tmp_path: Path) -> None:
    async def story() -> None:
        first = OwnBroker(tmp_path / "one")
        nodes = [first, OwnBroker(tmp_path / "two", first), OwnBroker(tmp_path / "three", first)]
        async with entered(*nodes):
            queue = name()
            bus = RabbitBus(brokers(first.url), patience=3.0)
            async with running(bus, queue):
                for node in nodes[1:]:
                    await asyncio.to_thread(node.kill)
                with pytest.raises(BusDown):
                    await bus.publish("", queue, b"{}", {}, mandatory=True, message_id="without a quorum")
                await asyncio.to_thread(nodes[1].start)
                async with asyncio.timeout(PATIENCE):
                    await confirmed(bus, queue)

    asyncio.run(story())


async def confirmed(bus: Bus, queue: str) -> None:
    """One message, as often as it takes."""
    while True:
        try:
            await bus.publish("", queue, b"{}", {}, mandatory=True, message_id="again")
        except (BusDown, Unroutable):
            await asyncio.sleep(0.5)
        else:
            return


def test_a_broker_short_of_memory_is_waited_for_and_gets_everything(tmp_path: Path) -> None:
    async def story() -> None:
        broker = OwnBroker(tmp_path / "broker")
        async with entered(broker):
            queue = name()
            bus = RabbitBus(brokers(broker.url), patience=3.0)
            async with running(bus, queue):
                traffic = Traffic(bus, queue)
                async with flowing(traffic, bus, queue):
                    await asyncio.to_thread(broker.control, "set_vm_memory_high_watermark", "absolute", "1")
                    await until(lambda: bus.blocked)
                    assert bus.up
                    assert bus.problem == "the broker is short of memory or disk and takes nothing; see its alarms"
                    before = len(traffic.confirmed)
                    await asyncio.sleep(5)
                    assert len(traffic.confirmed) <= before + 1
                    await asyncio.to_thread(broker.control, "set_vm_memory_high_watermark", "0.6")
                    await traffic.goes_on()
                    assert not bus.blocked
                    assert bus.problem is None

    asyncio.run(story())


def test_a_broker_that_hangs_is_noticed_by_its_heartbeats_and_found_again(tmp_path: Path) -> None:
    async def story() -> None:
        broker = OwnBroker(tmp_path / "broker")
        async with entered(broker):
            queue = name()
            bus = open_bus(broker.url)
            async with running(bus, queue):
                broker.pause()
                began = asyncio.get_running_loop().time()
                await until(lambda: not bus.up)  # nothing is under way, so that only heartbeats can tell
                assert asyncio.get_running_loop().time() - began < 40
                broker.go_on()
                async with asyncio.timeout(PATIENCE):
                    await bus.ready()
                    await confirmed(bus, queue)

    asyncio.run(story())


def test_what_is_under_way_for_longer_than_the_broker_waits_comes_again(tmp_path: Path) -> None:
    """RabbitMQ ends the channel of who does not acknowledge within `consumer_timeout`, 30 minutes unless configured."""

    async def story() -> Sequence[tuple[str | None, bool]]:
        broker = OwnBroker(tmp_path / "broker", consumer_timeout=2000)
        seen: list[tuple[str | None, bool]] = []
        again = asyncio.Event()

        async def take(incoming: Incoming) -> None:
            seen.append((incoming.message_id, incoming.redelivered))
            if len(seen) == 1:
                await again.wait()  # for longer than it may
            again.set()

        async with entered(broker):
            often = "application:set_env(rabbit, channel_tick_interval, 1000)."  # it looks; else each minute
            await asyncio.to_thread(broker.control, "eval", often)
            queue = name()
            bus = open_bus(broker.url)
            async with running(bus, queue):
                await bus.publish("", queue, b"{}", {}, mandatory=True, message_id="slow")
                consuming = bus.consume(queue, take)
                async with asyncio.timeout(PATIENCE):
                    await again.wait()
                await consuming.stop()
        return seen

    assert asyncio.run(story()) == [("slow", False), ("slow", True)]
