"""Declares, deletes and looks at RabbitMQ, one thing at a time, on a connection of its own: no publish waits for it."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from amqp.exceptions import ChannelError

from gateway.bus.addresses import Broker
from gateway.bus.contract import BusDown
from gateway.bus.link import Link

SECONDS = 30.0
Task = Callable[[Any], Any]
"""What is to be done with a connection."""
Settled = tuple[asyncio.Future[Any], Any, Exception | None]


class Controlling:
    """`carry_out` belongs to the event loop, the rest to the link's thread."""

    def __init__(self, brokers: Sequence[Broker]) -> None:
        self.link = Link("control", brokers, self)
        self._tasks: deque[tuple[Task, asyncio.Future[Any]]] = deque()
        self._connection: Any = None
        self._current: asyncio.Future[Any] | None = None
        self._settled: list[Settled] = []

    async def carry_out(self, task: Task) -> Any:
        """Raises BusDown."""
        if not self.link.up:
            raise BusDown(self.link.problem or "the bus is not connected")
        future = asyncio.get_running_loop().create_future()
        self._tasks.append((task, future))
        self.link.ring()
        try:
            async with asyncio.timeout(SECONDS):
                return await future
        except TimeoutError as error:
            raise BusDown(f"the broker did not answer within {SECONDS:.0f} s") from error

    def _drop(self, reason: str) -> None:
        with suppress(IndexError):  # the thread of the next connection may take some of them
            while True:
                _settle([(self._tasks.popleft()[1], None, BusDown(reason))])

    def opened(self, connection: Any, epoch: int) -> None:  # noqa: ARG002 - what was asked serves on any connection
        self._connection = connection

    def work(self) -> bool:
        """One task. Raises OSError, AMQPError."""
        if not self._tasks:
            return False
        task, self._current = self._tasks.popleft()
        if not self._current.done():
            try:
                self._settled.append((self._current, task(self._connection), None))
            except ChannelError as error:
                self._settled.append((self._current, None, BusDown(f"the broker refuses: {error.reply_text}")))
        self._current = None
        return True

    def report(self) -> None:
        if self._settled:
            settled, self._settled = self._settled, []
            self.link.tell(_settle, settled)

    def check(self, now: float) -> None:
        """Whoever waits has a bound of their own."""

    def closed(self, reason: str) -> None:
        if self._current is not None:
            self._settled.append((self._current, None, BusDown(reason)))
            self._current = None
        self.report()
        self.link.tell(self._drop, reason)


def _settle(settled: list[Settled]) -> None:
    for future, result, error in settled:
        if future.done():  # whoever asked went away
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
