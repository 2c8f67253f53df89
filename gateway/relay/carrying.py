"""Copies on their way to one target, and what became of each. On the event loop only."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import structlog

from gateway.metrics import RELAYED
from gateway.relay.copies import Copy, copy_of
from gateway.relay.course import Course
from gateway.relay.lines import Entry
from gateway.relay.targets import NotTaken, Pipeline, Refusal, Target
from gateway.store.times import now_us
from gateway.waiting import Bell

log = structlog.get_logger()


class Carrying:
    def __init__(self, name: str, target: Target, bell: Bell, grace: float) -> None:
        """`grace`: seconds that copies under way get when the relay stops."""
        self.full = False
        """No more is read before copies under way are taken, so that each one taken is news."""
        self._name = name
        self._target = target
        self._pipeline = target if isinstance(target, Pipeline) else None
        self._bell = bell
        self._grace = grace
        self._tasks: set[asyncio.Task[None]] = set()
        self._took = 0
        """Copies that the metric does not have yet."""
        self._taken = RELAYED.labels(name, "taken")
        self._refused = RELAYED.labels(name, "refused")

    def begin(self, course: Course, entries: Sequence[Entry]) -> None:
        """Begins to carry them, in their order. Rings when one's end leaves something to do."""
        if self._pipeline:
            self._pipeline.hand_over([(_copy(entry), partial(self._ended, course, entry)) for entry in entries])
        else:
            for entry in entries:
                self.start(self._carry(course, entry))

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Does something beside the copies, for as long as they may take."""
        task = asyncio.create_task(work, name=f"carry {self._name}")
        self._tasks.add(task)
        task.add_done_callback(self._is_done)

    def count(self) -> None:
        """Brings the metric up to date."""
        if self._took:
            self._taken.inc(self._took)
            self._took = 0

    async def end(self, course: Course | None) -> None:
        """Gives what is under way a moment, and then no more."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._grace):
                while self._tasks or (course and course.under_way):
                    await self._bell.sleep(self._grace)
        for late in self._tasks:
            late.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.count()

    async def _carry(self, course: Course, entry: Entry) -> None:
        try:
            await self._target.send(_copy(entry))
        except Exception as error:  # noqa: BLE001 - judged there, and logged
            self._ended(course, entry, error)
        else:
            self._ended(course, entry, None)

    def _is_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._bell.ring()

    def _ended(self, course: Course, entry: Entry, error: Exception | None) -> None:
        if error is None:
            self._took += 1
            course.taken(entry, now_us())
            if self.full or course.matters:
                self._bell.ring()
        else:
            self._refused.inc()
            course.refused(entry, self._meaning(entry, error), asyncio.get_running_loop().time(), now_us())
            self._bell.ring()

    def _meaning(self, entry: Entry, error: Exception) -> Refusal:
        if isinstance(error, Refusal):
            return error
        if self._pipeline and (refusal := self._pipeline.meaning(error)):
            return refusal
        position = entry.event.position
        log.error("a copy ended in a fault of the hub", subscription=self._name, position=position, exc_info=error)
        return NotTaken(f"the hub failed: {type(error).__name__}")


def _copy(entry: Entry) -> Copy:
    assert entry.previous is not None
    return copy_of(entry.event, entry.previous)
