"""Timers of the store, run when they are due; reports nobody claimed; and the daily forgetting.

No process is the leader: each that has the role runs what is due, and each kind of timer looks, in the transaction in
which it acts, whether it is still due. So what several run at once happens once, and nobody has to take over from a
process that died. A failure that several met counts once.

Sleeps until the next timer, a call, or a second has passed: the second makes a clock that is set forward harmless, and
lets timers be seen that another process set. One that is set back moves nothing (`gateway.store.steady`), and is told.
A timer that always fails is given up after `MOST_FAILURES`, visibly.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import structlog

from gateway.arrival import Place
from gateway.leftovers import Leftovers
from gateway.metrics import CLOCK_AHEAD
from gateway.people.awaited import TIMER as VERIFICATION
from gateway.people.verifying import expire
from gateway.record.cases import WAIT
from gateway.record.changes import ECHO
from gateway.record.echoes import Echo, look_again
from gateway.record.fragments import TIMER, Whole, put_together
from gateway.record.timers import end_timer, split_subject
from gateway.record.unclaimed import Crossed, Scattered, any_unclaimed, crossed, give_up, match, surface
from gateway.retention import forget
from gateway.send.fallback import TIMER as FALLBACK
from gateway.send.fallback import Late, overdue
from gateway.service.due import Late as Unanswered
from gateway.service.due import ring
from gateway.store.times import SECOND, ahead, now_us
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
MOST_FAILURES = 5
TOLD = 2.0
"""Seconds by which the system's clock has to be set back to be told."""
SURFACE_EVERY = 60.0
"""Seconds between looks for reports nobody claimed, at the most."""
CROSSED = 2
"""Seconds after which a report that waits for what is here has crossed it, and is not about to be applied."""
FORGET_FIRST = 60.0
FORGET_EVERY = 86_400.0
_NEXT = (
    "SELECT kind, subject, due_at, failures FROM timers"
    " WHERE kind || char(10) || subject NOT IN (SELECT value FROM json_each(?)) ORDER BY due_at LIMIT ?"
)
_PUT_OFF = "UPDATE timers SET due_at = ?, failures = failures + 1 WHERE kind = ? AND subject = ? AND failures = ?"


@dataclass(frozen=True)
class Timer:
    kind: str
    subject: str
    due_at: int
    failures: int
    """How often it was tried in vain."""

    @property
    def name(self) -> str:
        return f"{self.kind}\n{self.subject}"

    @property
    def connector_id(self) -> str:
        return split_subject(self.subject)[0]

    @property
    def rest(self) -> str:
        """What of the connector it is about: a group, a key, a delivery."""
        return split_subject(self.subject)[1]


class Clock:
    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._bell = Bell()
        self._orphans: dict[str, Timer] = {}
        """Timers nobody here can run: their connector is not configured, or their kind not known."""
        self._leftovers = Leftovers(hub.engine, hub.files)
        self._sleep = 0.0
        self._ahead = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(rounds("clock", self._round), name="clock"),
            asyncio.create_task(rounds("unclaimed", self._surface), name="unclaimed"),
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
        self._look_at_the_wall()
        self._orphans = {name: timer for name, timer in self._orphans.items() if not self._runs(timer)}
        timers = await asyncio.to_thread(self._next)
        time = now_us()
        due = [timer for timer in timers if timer.due_at <= time]
        await asyncio.gather(*(self._run(timer) for timer in due))
        coming = [timer for timer in timers if timer.due_at > time]
        if due:
            self._sleep = 0.0
        elif coming:
            self._sleep = min(BACKSTOP, (coming[0].due_at - time) / SECOND)

    def _look_at_the_wall(self) -> None:
        """Says once that the system's clock was set back."""
        seconds = ahead()
        CLOCK_AHEAD.set(seconds)
        if seconds > TOLD and not self._ahead:
            log.warning("the system's clock was set back; the hub's own goes on", ahead=round(seconds))
        self._ahead = seconds > TOLD

    def _next(self) -> list[Timer]:
        with self._hub.engine.connect() as connection:
            rows = connection.exec_driver_sql(_NEXT, (listed(self._orphans), MOST))
            return [Timer(*row) for row in rows]

    def _runs(self, timer: Timer) -> bool:
        kind = KINDS.get(timer.kind)
        return kind is not None and (not kind.needs_connector or timer.connector_id in self._hub.connectors)

    async def _run(self, timer: Timer) -> None:
        if not self._runs(timer):
            self._orphans[timer.name] = timer
            log.warning("a timer waits for its connector to be configured", kind=timer.kind, subject=timer.subject)
            return
        connector = self._hub.connectors.get(timer.connector_id)
        try:
            await KINDS[timer.kind].run(self._hub, connector.place if connector else None, timer)
        except TROUBLE:
            raise
        except Exception as error:
            log.exception("a timer failed", kind=timer.kind, subject=timer.subject)
            await self._hub.writer.write(put_off, timer)
            if timer.failures + 1 >= MOST_FAILURES:
                log.error("a timer is given up", kind=timer.kind, subject=timer.subject, failures=timer.failures + 1)
                await KINDS[timer.kind].give_up(self._hub, timer, error)

    async def _surface(self) -> None:
        """Reports that have waited for as long as they may."""
        wait = self._hub.settings.limits.report_wait
        await asyncio.sleep(min(SURFACE_EVERY, max(wait / 10, 0.1)))
        await self._match()
        before = now_us() - int(wait * SECOND)
        while await asyncio.to_thread(any_unclaimed, self._hub.engine, before):
            await self._hub.writer.write(surface, before)

    async def _match(self) -> None:
        """Reports that crossed their message in another process."""
        for name, external_id in await asyncio.to_thread(crossed, self._hub.engine, now_us() - CROSSED * SECOND):
            if connector := self._hub.connectors.get(name):
                await self._hub.writer.write(match, Crossed(connector.place, external_id))

    async def _forget(self) -> None:
        await asyncio.sleep(FORGET_FIRST)
        while True:
            await forget(self._hub)
            await self._leftovers.round()
            await asyncio.sleep(FORGET_EVERY)


def put_off(transaction: Transaction, timers: Sequence[Timer]) -> list[None]:
    for timer in timers:
        until = transaction.now_us + int(PUT_OFF * SECOND)
        transaction.change(_PUT_OFF, until, timer.kind, timer.subject, timer.failures)
    return [None] * len(timers)


def drop(transaction: Transaction, timers: Sequence[Timer]) -> list[None]:
    for timer in timers:
        end_timer(transaction, timer.kind, timer.subject)
    return [None] * len(timers)


async def _assemble(hub: "Hub", place: Place | None, timer: Timer) -> None:
    assert place is not None
    await hub.writer.write(put_together, Whole(place, timer.rest))


async def _scatter(hub: "Hub", timer: Timer, error: Exception) -> None:
    reason = f"could not be put together: {type(error).__name__}: {error}"
    await hub.writer.write(give_up, Scattered(timer.connector_id, timer.rest, reason))


async def _look_again(hub: "Hub", place: Place | None, timer: Timer) -> None:
    assert place is not None
    await hub.writer.write(look_again, Echo(place, timer.rest))


async def _overdue(hub: "Hub", place: Place | None, timer: Timer) -> None:
    await hub.writer.write(overdue, Late(place, timer.connector_id, timer.rest))


async def _unanswered(hub: "Hub", place: Place | None, timer: Timer) -> None:  # noqa: ARG001 - it is a conversation's
    if alarm := await hub.writer.write(ring, Unanswered(timer.subject, hub.connectors)):
        log.error("an emergency is overdue", **asdict(alarm))


async def _expire(hub: "Hub", _: Place | None, timer: Timer) -> None:
    await hub.writer.write(expire, timer.subject)


async def _drop(hub: "Hub", timer: Timer, _: Exception) -> None:
    """What it was about stays as it is: an echo is shown when it was unclaimed for long enough."""
    await hub.writer.write(drop, timer)


@dataclass(frozen=True)
class Kind:
    """`run` gets the place of the timer's connector; None where that is not configured, and not needed."""

    run: "Callable[[Hub, Place | None, Timer], Awaitable[None]]"
    give_up: "Callable[[Hub, Timer, Exception], Awaitable[None]]"
    needs_connector: bool = True


KINDS: Mapping[str, Kind] = {
    TIMER: Kind(_assemble, _scatter),
    ECHO: Kind(_look_again, _drop),
    FALLBACK: Kind(_overdue, _drop, needs_connector=False),
    WAIT: Kind(_unanswered, _drop, needs_connector=False),
    VERIFICATION: Kind(_expire, _drop, needs_connector=False),
}
