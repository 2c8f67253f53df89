"""Redis, by kombu's transport: for sites that have one and no RabbitMQ. What it cannot do stands in
docs/explanation/bus.md: nothing is confirmed to be on a disk, and who dies leaves what it took until it lapses.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import structlog

from gateway.bus.addresses import Broker
from gateway.bus.contract import BusDown, Incoming, Publication, Take
from gateway.bus.fitting import fitting, must_fit
from gateway.bus.redis_line import Line
from gateway.bus.redis_objects import delete, exists, incoming, let_exist, publish_all
from gateway.bus.taking import Taking, too_large
from gateway.waiting import Bell, rounds

T = TypeVar("T")
log = structlog.get_logger()
VISIBILITY = 60
"""Seconds after which what a consumer took and did not finish, because it died, is handed out again."""
PULSE = 1.0
"""Seconds between looks whether Redis is there, and for what lapsed."""
POLLING = 0.02
"""Seconds between looks for messages."""


class RedisBus:
    """See `gateway.bus.contract.Bus`. A copy counts as confirmed once Redis has it in memory."""

    blocked = False

    def __init__(self, broker: Broker, visibility: int = VISIBILITY) -> None:
        """`visibility`: seconds after which what a consumer took and did not finish is handed out again."""
        self._broker = broker
        self._visibility = visibility
        self._line: Line | None = None
        self._up = asyncio.Event()
        self._problem: str | None = "the bus is not running"
        self._watch: asyncio.Task[None] | None = None
        self._topics: set[str] = set()
        self._consumptions: set[RedisConsumption] = set()
        self._handed_over: set[asyncio.Task[None]] = set()

    def __repr__(self) -> str:
        return f"RedisBus({self._broker})"

    def start(self) -> None:
        self._line = Line(self._broker, self._visibility)
        self._problem = f"{self._broker}: not connected yet"
        self._watch = asyncio.create_task(rounds("redis", self._look), name="redis")

    async def stop(self) -> None:
        line, self._line = self._line, None
        if line is None or self._watch is None:
            return
        await asyncio.gather(*(consumption.stop() for consumption in self._consumptions))
        await asyncio.gather(*self._handed_over)
        self._watch.cancel()
        with suppress(asyncio.CancelledError):
            await self._watch
        self._up.clear()
        self._problem = "the bus is not running"
        await line.close()

    @property
    def up(self) -> bool:
        return self._up.is_set()

    @property
    def problem(self) -> str | None:
        return None if self.up else self._problem

    async def ready(self) -> None:
        if self._line is None:
            raise BusDown("the bus is not running")
        await self._up.wait()

    async def publish(
        self, exchange: str, key: str, body: bytes, headers: Mapping[str, str], *, mandatory: bool, message_id: str
    ) -> None:
        must_fit(exchange, key, message_id, body=body, headers=headers)
        one = Publication(exchange, key, body, headers, mandatory, message_id, lambda _: None)
        [error] = await self._do(partial(publish_all, [one], frozenset(self._topics)))
        if error is not None:
            raise error

    def hand_over(self, publications: Sequence[Publication]) -> None:
        task = asyncio.create_task(self._hand_over(list(fitting(publications))), name="publish")
        self._handed_over.add(task)
        task.add_done_callback(self._handed_over.discard)

    async def _hand_over(self, publications: list[Publication]) -> None:
        try:
            errors = await self._do(partial(publish_all, publications, frozenset(self._topics)))
        except BusDown as down:
            errors = [down] * len(publications)
        for one, error in zip(publications, errors, strict=True):
            one.told(error)

    async def declare(self, queue: str, *, inlet: bool = False) -> None:
        must_fit(queue)
        await self._do(partial(let_exist, queue=queue, inlet=inlet))

    async def delete(self, queue: str) -> None:
        must_fit(queue)
        await self._do(partial(delete, queue=queue))

    async def declare_topic(self, exchange: str) -> None:
        must_fit(exchange)
        await self._do(lambda channel: channel.exchange_declare(exchange, "topic", durable=True))
        self._topics.add(exchange)

    def consume(self, queue: str, take: Take, *, prefetch: int = 32, inlet: bool = False) -> "RedisConsumption":
        must_fit(queue)
        consumption = RedisConsumption(Line(self._broker, self._visibility), queue, take, prefetch, inlet=inlet)
        self._consumptions = {one for one in self._consumptions if not one.stopping} | {consumption}
        return consumption

    async def depth(self, queue: str) -> int | None:
        must_fit(queue)
        return await self._do(lambda channel: int(channel._size(queue)) if exists(channel, queue) else None)

    async def _do(self, work: Callable[[Any], T]) -> T:
        if self._line is None:
            raise BusDown("the bus is not running")
        try:
            return await self._line.do(work)
        except BusDown as down:
            self._is_down(down)
            raise

    async def _look(self) -> None:
        assert self._line is not None
        try:
            await self._line.do(lambda channel: channel.client.ping())
        except BusDown as down:
            self._is_down(down)
        else:
            if not self.up:
                log.info("the bus is connected", broker=str(self._broker))
            self._up.set()
        await asyncio.sleep(PULSE)

    def _is_down(self, down: BusDown) -> None:
        if self.up or self._problem != str(down):
            log.warning("the bus cannot be reached", reason=str(down))
        self._up.clear()
        self._problem = str(down)


class RedisConsumption:
    """Takes from one queue as long as there is room."""

    def __init__(self, line: Line, queue: str, take: Take, prefetch: int, *, inlet: bool) -> None:
        self.stopping = False
        self._line = line
        self._inlet = inlet
        self._queue = queue
        self._prefetch = prefetch
        self._bell = Bell()
        self._verdicts: deque[tuple[str, bool]] = deque()
        self._there = False
        self._taking = Taking[str](queue, take, self._settle)
        self._task = asyncio.create_task(rounds(f"consumer of {queue}", self._round), name=f"consumer of {queue}")

    async def stop(self) -> None:
        if self.stopping:
            return
        self.stopping = True
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self._taking.stop()
        with suppress(BusDown):  # what it took is handed out again when it lapses
            await self._line.do(self._give_back)
        await self._line.close()

    async def _round(self) -> None:
        try:
            got = await self._line.do(self._exchange)
        except BusDown:
            self._there = False
            await asyncio.sleep(PULSE)
            return
        for tag, came in got:
            self._taking.begin(tag, came)
        if not got:
            await self._bell.sleep(POLLING)

    def _settle(self, tag: str, done: bool) -> None:
        self._verdicts.append((tag, done))
        self._bell.ring()

    def _exchange(self, channel: Any) -> list[tuple[str, Incoming]]:
        """On the line's thread: says what became of what, and fetches more."""
        if not self._there:
            let_exist(channel, self._queue, inlet=self._inlet)
            self._there = True
        self._say_verdicts(channel)
        channel.qos.restore_visible(num=10, interval=int(PULSE / POLLING))
        got: list[tuple[str, Incoming]] = []
        while self._taking.underway + len(got) < self._prefetch:
            message = channel.basic_get(self._queue)
            if message is None:
                break
            came = incoming(message)
            if too_large(self._queue, came.body, came.message_id):
                channel.basic_reject(message.delivery_tag, requeue=False)
            else:
                got.append((message.delivery_tag, came))
        return got

    def _give_back(self, channel: Any) -> None:
        """Says what became of what, and gives back what was only fetched, in its order."""
        self._say_verdicts(channel)
        for tag in reversed([tag for tag in channel.qos._delivered if tag not in channel.qos._dirty]):
            channel.basic_reject(tag, requeue=True)

    def _say_verdicts(self, channel: Any) -> None:
        while self._verdicts:
            tag, done = self._verdicts[0]
            if done:
                channel.basic_ack(tag)
            else:
                channel.basic_reject(tag, requeue=True)
            self._verdicts.popleft()
