"""Timers of the store, run when they are due, and the daily forgetting.

Sleeps until the next timer, a call, or a second has passed: the second makes jumps of the clock harmless, and lets
timers be seen that another process set.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from gateway.live import LiveConnector
from gateway.record.fragments import TIMER, Whole, put_together, split_subject
from gateway.retention import forget
from gateway.store.times import SECOND, now, to_us
from gateway.store.transaction import Transaction, listed
from gateway.waiting import TROUBLE, Bell, rounds

if TYPE_CHECKING:
    from gateway.hub import Hub

log = structlog.get_logger()
BACKSTOP = 1.0
MOST = 256
"""Timers run at a time."""
PUT_OFF = 60.0
"""Seconds until a timer that failed is tried again."""
FORGET_FIRST = 60.0
FORGET_EVERY = 86_400.0
_NEXT = (
    "SELECT kind, subject, due_at FROM timers"
    " WHERE kind || char(10) || subject NOT IN (SELECT value FROM json_each(?)) ORDER BY due_at LIMIT ?"
)
_PUT_OFF = "UPDATE timers SET due_at = ? WHERE kind = ? AND subject = ?"


@dataclass(frozen=True)
class Timer:
    kind: str
    subject: str
    due_at: int

    @property
    def name(self) -> str:
        return f"{self.kind}\n{self.subject}"

    @property
    def connector_id(self) -> str:
        return split_subject(self.subject)[0]


class Clock:
    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._bell = Bell()
        self._orphans: dict[str, Timer] = {}
        """Timers nobody here can run: their connector is not configured, or their kind not known."""
        self._sleep = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(rounds("clock", self._round), name="clock"),
            asyncio.create_task(rounds("forgetting", self._forget), name="forgetting"),
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def wake(self, whom: str) -> None:  # noqa: ARG002 - there is one clock
        """Says that a timer was set."""
        self._bell.ring()

    async def _round(self) -> None:
        await self._bell.sleep(self._sleep)
        self._sleep = BACKSTOP
        self._orphans = {name: timer for name, timer in self._orphans.items() if not self._runs(timer)}
        timers = await asyncio.to_thread(self._next)
        time = to_us(now())
        due = [timer for timer in timers if timer.due_at <= time]
        await asyncio.gather(*(self._run(timer) for timer in due))
        coming = [timer for timer in timers if timer.due_at > time]
        if due:
            self._sleep = 0.0
        elif coming:
            self._sleep = min(BACKSTOP, (coming[0].due_at - time) / SECOND)

    def _next(self) -> list[Timer]:
        with self._hub.engine.connect() as connection:
            rows = connection.exec_driver_sql(_NEXT, (listed(self._orphans), MOST))
            return [Timer(*row) for row in rows]

    def _runs(self, timer: Timer) -> bool:
        return timer.kind in KINDS and timer.connector_id in self._hub.connectors

    async def _run(self, timer: Timer) -> None:
        if not self._runs(timer):
            self._orphans[timer.name] = timer
            log.warning("a timer waits for its connector to be configured", kind=timer.kind, subject=timer.subject)
            return
        try:
            await KINDS[timer.kind](self._hub, self._hub.connectors[timer.connector_id], timer)
        except TROUBLE:
            raise
        except Exception:
            log.exception("a timer failed", kind=timer.kind, subject=timer.subject)
            await self._hub.writer.write(put_off, timer)

    async def _forget(self) -> None:
        await asyncio.sleep(FORGET_FIRST)
        while True:
            await forget(self._hub)
            await asyncio.sleep(FORGET_EVERY)


def put_off(transaction: Transaction, timers: Sequence[Timer]) -> list[None]:
    for timer in timers:
        transaction.change(_PUT_OFF, transaction.now_us + int(PUT_OFF * SECOND), timer.kind, timer.subject)
    return [None] * len(timers)


async def _assemble(hub: "Hub", connector: LiveConnector, timer: Timer) -> None:
    _, group = split_subject(timer.subject)
    await hub.writer.write(put_together, Whole(connector.place, group))


KINDS: Mapping[str, Callable[["Hub", LiveConnector, Timer], Awaitable[None]]] = {TIMER: _assemble}
