"""What the feed brings is put in line: in order while there is room, urgent events ahead of it, held ones when due."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from typing import ParamSpec, TypeVar

from sqlalchemy import Engine

from gateway.feed import Feed, PositionGone
from gateway.relay.course import TRIED_AT_ONCE, Course
from gateway.relay.events import Filter, read, read_at, read_conversation, read_urgent
from gateway.relay.held import HeldEvent
from gateway.relay.standing import held_of
from gateway.store.times import now_us

T = TypeVar("T")
P = ParamSpec("P")
PAGE = 128
"""Events of one look at the feed."""
SCOUTED = 512
"""Events looked through at a time for urgent ones ahead."""
FAR = 1_024
"""Events behind from which on a subscriber makes way for what comes in."""
CROWD = 16
"""Changes waiting for the store at which the hub has its hands full."""
COURTESY = 0.05
"""Seconds left to others between two looks while it has: a page then takes a fifth of a core, and not half of it."""
MOST_BEFORE = 128
"""Events an urgent one may bring along from its own conversation; with more it waits its turn."""


class Bringing:
    def __init__(
        self, engine: Engine, feed: Feed, wanted: Filter, threads: Executor, crowd: Callable[[], int] = lambda: 0
    ) -> None:
        self._engine = engine
        self._feed = feed
        self._wanted = wanted
        self._threads = threads
        self._crowd = crowd

    async def held(self, name: str) -> list[HeldEvent]:
        """What waits for another attempt, as the store has it."""
        return await self._in_thread(held_of, self._engine, name)

    def news(self, course: Course) -> bool:
        """Whether `bring` would find something in the feed."""
        return self._behind(course) or (course.room and self._feed.newest() > course.progress.read)

    def _behind(self, course: Course) -> bool:
        """Whether urgent events may stand beyond what is read in order soon."""
        ahead = course.progress.read + (PAGE if course.room else 0)
        return course.urgent_room and self._feed.newest() > max(course.scouted, ahead)

    async def bring(self, course: Course) -> None:
        """One bounded look. Ends the course where the feed does not reach back to it."""
        try:
            if course.room and self._feed.newest() > course.progress.read:
                if self._feed.newest() - course.progress.read > FAR and self._crowd() >= CROWD:
                    await asyncio.sleep(COURTESY)
                await self._read(course)
            if self._behind(course):
                await self._scout(course)
        except PositionGone as error:
            course.gone(error.oldest)
        due = deque(course.take_due(now_us()))
        try:
            while due:
                await self._try(course, due[0])
                due.popleft()
        finally:
            for partition in due:
                course.held.tried(partition)

    async def _read(self, course: Course) -> None:
        after = course.progress.read
        if self._feed.at_hand(after):
            batch = read(self._feed, self._wanted, after, PAGE)
        else:
            batch = await self._in_thread(read, self._feed, self._wanted, after, PAGE)
        course.line_up(batch.events, now_us())
        course.progress.read = batch.seen

    async def _scout(self, course: Course) -> None:
        """Looks for urgent events beyond what a slow target lets be read in order. Each brings along what stands before
        it in its conversation."""
        after = course.progress.read
        batch = await self._in_thread(read_urgent, self._feed, self._wanted, max(course.scouted, after), SCOUTED)
        for event in batch.events:
            if event.in_history and not course.progress.knows(event.position):
                before = await self._in_thread(read_conversation, self._feed, self._wanted, event, after, MOST_BEFORE)
                if before is not None:
                    course.line_up([*before, event], now_us())
        course.scouted = batch.seen

    async def _try(self, course: Course, partition: str) -> None:
        rows = course.held.first_of(partition, TRIED_AT_ONCE)
        events = await self._in_thread(read_at, self._feed, [row.position for row in rows])
        course.try_again(partition, rows, events, now_us())

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **_: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)
