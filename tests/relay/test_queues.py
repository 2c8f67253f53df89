"""Queues and the topic exchange, on the bus inside the process and on a real broker that comes and goes."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pika
import pytest

from gateway.bus.contract import Bus, Incoming, open_bus
from gateway.bus.names import TOPIC, queue_of
from gateway.hub import Hub
from gateway.relay.changing import Made, Removed
from gateway.settings.sealing import Seal
from gateway.settings.subscribing import SubscriptionEntry
from tests.bus.conftest import RABBIT, proxy, through
from tests.relay.hubs import Said, conversations, eventually, hub_in, info, operate, reload, run, running, tell
from tests.servers import ADDRESSES

BUSES = pytest.mark.parametrize(
    "url", ["memory://", pytest.param(RABBIT, marks=pytest.mark.server("rabbitmq"))], ids=["memory", "rabbitmq"]
)
QUEUE = {"queue": True, "cursor_every": 0}


def unique(word: str = "test") -> str:
    return f"{word}-{uuid4().hex[:12]}"


class Reader:
    """Takes what comes in a queue."""

    def __init__(self, bus: Bus, queue: str) -> None:
        self.incoming: list[Incoming] = []
        self._changed = asyncio.Condition()
        self._consuming = bus.consume(queue, self._take)

    async def _take(self, incoming: Incoming) -> None:
        async with self._changed:
            self.incoming.append(incoming)
            self._changed.notify_all()

    async def until(self, count: int) -> list[Incoming]:
        """So many different ones, without their repetitions."""
        async with asyncio.timeout(60), self._changed:
            await self._changed.wait_for(lambda: len(self.first()) >= count)
        return self.first()

    def first(self) -> list[Incoming]:
        return list({str(one.message_id): one for one in reversed(self.incoming)}.values())[::-1]

    def lines(self) -> dict[str, list[int]]:
        found: defaultdict[str, list[int]] = defaultdict(list)
        seen = set()
        for one in self.incoming:
            event = msgspec.json.decode(one.body)
            if event["id"] not in seen:
                seen.add(event["id"])
                found[event["partitionkey"]].append(int(event["position"]))
        return dict(found)

    async def stop(self) -> None:
        await self._consuming.stop()


@asynccontextmanager
async def bus_beside(hub: Hub, url: str) -> AsyncIterator[Bus]:
    """The hub's own bus where there is no other way to it, and a connection of a consumer's own to a broker."""
    if url == "memory://":
        yield hub.bus
        return
    bus = open_bus(url)
    bus.start()
    await bus.ready()
    try:
        yield bus
    finally:
        await bus.stop()


@asynccontextmanager
async def reading(bus: Bus, name: str) -> AsyncIterator[Reader]:
    """Deletes the queue at the end."""
    reader = Reader(bus, queue_of(name))
    try:
        yield reader
    finally:
        await reader.stop()
        await bus.delete(queue_of(name))


@BUSES
def test_each_event_is_published_once_in_order_and_says_what_came_before(tmp_path: Path, url: str) -> None:
    async def story() -> None:
        name = unique()
        async with (
            running(hub_in(tmp_path, {"bus": url}, **{name: QUEUE})) as hub,
            bus_beside(hub, url) as bus,
            reading(bus, name) as reader,
        ):
            await tell(hub, *conversations(20, 20))
            came = await reader.until(400)
            await eventually(lambda: info(hub, name).position == "400")
            assert [int(one.headers["position"]) for one in came] == list(range(1, 401))
            assert [int(one.headers["previous"]) for one in came] == list(range(400))
            bodies = [msgspec.json.decode(one.body) for one in came]
            assert [body["previous"] for body in bodies] == [one.headers["previous"] for one in came]
            assert [body["id"] for body in bodies] == [one.message_id for one in came]
            assert {one.content_type for one in came} == {"application/cloudevents+json"}
            assert len(reader.incoming) == 400

    run(story)


@BUSES
def test_a_queue_somebody_deleted_is_made_again_and_nothing_is_lost(tmp_path: Path, url: str) -> None:
    async def story() -> None:
        name = unique()
        async with running(hub_in(tmp_path, {"bus": url}, **{name: QUEUE})) as hub, bus_beside(hub, url) as bus:
            await tell(hub, Said("a"))
            await eventually(lambda: info(hub, name).position == "1")
            await bus.delete(queue_of(name))
            await tell(hub, Said("a"), Said("a"))
            await eventually(lambda: info(hub, name).position == "3")
            async with reading(bus, name) as reader:
                assert [int(one.headers["position"]) for one in await reader.until(2)] == [2, 3]

    run(story)


def test_an_emergency_overtakes_what_waits_for_the_queue(tmp_path: Path) -> None:
    """The bus takes no more, since nobody reads; once somebody does, the urgent conversation is first of all."""

    async def story() -> None:
        name = unique()
        async with running(hub_in(tmp_path, **{name: QUEUE})) as hub:
            await tell(hub, *[Said("bulk") for _ in range(14_000)])
            await eventually(lambda: "10000 messages wait" in (info(hub, name).problem or ""))
            await tell(hub, Said("alarm"), Said("alarm", priority="emergency"))
            async with reading(hub.bus, name) as reader:
                came = [int(one.headers["position"]) for one in await reader.until(14_002)]
                assert reader.lines() == {"bulk": list(range(1, 14_001)), "alarm": [14_001, 14_002]}
                assert came.index(14_002) < 12_500

    run(story)


@pytest.mark.server("rabbitmq")
def test_while_the_broker_is_away_accepted_events_wait_lag_shows_and_nothing_is_lost(tmp_path: Path) -> None:
    async def story() -> None:
        name = unique()
        async with (
            proxy() as between,
            running(hub_in(tmp_path, {"bus": through(between)}, **{name: QUEUE})) as hub,
            bus_beside(hub, RABBIT) as bus,
            reading(bus, name) as reader,
        ):
            await tell(hub, *conversations(10, 10))
            await reader.until(100)
            between.refuses = True
            between.cut()
            await tell(hub, *conversations(10, 100))
            await eventually(lambda: info(hub, name).problem and info(hub, name).lag.events <= 1000)
            found = info(hub, name)
            assert found.state == "active"
            assert 0 < found.lag.events <= 1000
            assert found.lag.seconds >= 0
            assert found.waiting.events == 0
            between.refuses = False
            await reader.until(1100)
            await eventually(lambda: info(hub, name).position == "1100")
            assert info(hub, name).problem is None
            assert reader.lines() == {f"c{n}": list(range(n + 1, 1101, 10)) for n in range(10)}

    run(story)


@pytest.mark.server("rabbitmq")
def test_a_broker_that_is_cut_off_again_and_again_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        name = unique()
        async with (
            proxy() as between,
            running(hub_in(tmp_path, {"bus": through(between)}, **{name: QUEUE})) as hub,
            bus_beside(hub, RABBIT) as bus,
            reading(bus, name) as reader,
        ):
            await tell(hub, *conversations(25, 80))
            for more in (20_000, 70_000, 150_000):
                between.stops_at = between.heard + more
                await eventually(lambda: between.stops_at is None or len(reader.first()) >= 2000)
            await reader.until(2000)
            await eventually(lambda: info(hub, name).position == "2000")
            assert reader.lines() == {f"c{n}": list(range(n + 1, 2001, 25)) for n in range(25)}

    run(story)


@pytest.mark.server("rabbitmq")
def test_everything_stands_on_the_topic_exchange_for_whoever_binds_a_queue(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(hub_in(tmp_path, {"bus": RABBIT})) as hub:
            await eventually(lambda: info(hub, TOPIC).problem is None)
            assert (info(hub, TOPIC).origin, info(hub, TOPIC).exchange) == ("built-in", TOPIC)
            mark = unique("mark")
            bound = await asyncio.to_thread(Bound, f"*.*.*.{mark}")
            await tell(hub, Said("a", connector="other"), Said("a", connector=mark), Said("a", connector=mark))
            await eventually(lambda: info(hub, TOPIC).position == "3")
            came = await asyncio.to_thread(bound.take, 2)
            assert [key for key, _ in came] == [f"message.received.cage.{mark}"] * 2
            assert [body["position"] for _, body in came] == ["2", "3"]

    run(story)


class Bound:
    """A consumer that knows AMQP and nothing of ours: a queue of its own at the exchange."""

    def __init__(self, pattern: str) -> None:
        self._connection = pika.BlockingConnection(pika.URLParameters(ADDRESSES["rabbitmq"].removesuffix("/") + "%2F"))
        self._channel = self._connection.channel()
        self._queue = self._channel.queue_declare("", exclusive=True).method.queue
        self._channel.queue_bind(self._queue, TOPIC, pattern)

    def take(self, count: int) -> list[tuple[str, Any]]:
        found = []
        for method, _, body in self._channel.consume(self._queue, auto_ack=True, inactivity_timeout=20):
            assert method
            found.append((method.routing_key, msgspec.json.decode(body)))
            if len(found) == count:
                self._connection.close()
                return found
        raise AssertionError(found)


@BUSES
def test_a_queue_goes_with_the_subscription_that_was_deleted_and_stays_with_one_the_file_lost(
    tmp_path: Path, url: str
) -> None:
    async def story() -> None:
        made, filed = unique("made"), unique("filed")
        async with running(hub_in(tmp_path, {"bus": url}, **{filed: QUEUE})) as hub, bus_beside(hub, url) as bus:
            await operate(hub, Made(made, SubscriptionEntry(queue=True, cursor_every=0.0), trusted=True, seal=Seal()))
            await tell(hub, Said("a"))
            await eventually(lambda: info(hub, made).position == "1" == info(hub, filed).position)
            assert await bus.depth(queue_of(made)) == 1
            await operate(hub, Removed(made))
            await reload(hub, tmp_path, {"bus": url})
            assert await bus.depth(queue_of(filed)) == 1
            assert (info(hub, filed).origin, info(hub, filed).position) == ("absent", "1")
            async with asyncio.timeout(20):
                while await bus.depth(queue_of(made)) is not None:  # noqa: ASYNC110 - the broker tells nobody
                    await asyncio.sleep(0.02)
            await bus.delete(queue_of(filed))

    run(story)
