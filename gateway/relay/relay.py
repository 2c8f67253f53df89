"""One subscription at work: what the feed brings is carried to its target, and how far that is, is recorded.

Everything a relay knows changes on the event loop only: in its own loop, and when a copy was taken or refused.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import structlog

from gateway.relay.bringing import Bringing
from gateway.relay.carrying import Carrying
from gateway.relay.catalogue import Alive
from gateway.relay.copies import Copy, cursor_copy
from gateway.relay.course import Course
from gateway.relay.standing import Attendance, attend
from gateway.relay.subscription import State, Subscription
from gateway.relay.targets import Refusal, Target
from gateway.store.times import SECOND, now, now_us
from gateway.store.writer import Writer
from gateway.waiting import TROUBLE, Bell, rounds

log = structlog.get_logger()
A_TURN = 64
"""Copies begun before the loop sees to others."""
RECORD_EVERY = 0.2
RECORD_AFTER = 1000
"""Events done with after which it is recorded at once."""
PASSED_EVERY = 1.0
"""Seconds between records of events that were read and not wanted."""
LONGEST_REST = 60.0
OPENING_PAUSE = 1.0


@dataclass(frozen=True)
class Lease:
    owner: str
    seconds: float
    kept: bool = False
    """Renewed while there is nothing to do, too: other processes wait for it to lapse."""
    grace: float = 10.0
    """Seconds that copies under way have when it is handed back."""


class Relay:
    def __init__(
        self, subscription: Subscription, target: Target, bringing: Bringing, writer: Writer, lease: Lease
    ) -> None:
        self.subscription = subscription
        self.target = target
        self.course: Course | None = None
        """None while the subscription is not its own, or does not run."""
        self.alive: Alive | None = None
        """What may be asked for from any thread."""
        self._bringing = bringing
        self._writer = writer
        self._lease = lease
        self._bell = Bell()
        self._carrying = Carrying(subscription.name, target, self._bell, lease.grace)
        self._opening: asyncio.Task[None] | None = None
        self._recording: asyncio.Task[None] | None = None
        self._attending = asyncio.Lock()
        self._leased = self._recorded = self._told = 0.0
        self._opened = -OPENING_PAUSE
        self._task: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return self.subscription.name

    def start(self) -> None:
        self._told = _time()
        self._task = asyncio.create_task(rounds(f"relay {self.name}", self._round), name=f"relay {self.name}")

    def wake(self) -> None:
        """Says that there is news in the feed."""
        if self.course:
            self._bell.ring()

    def take(self) -> None:
        """Says that the lease may be had."""
        if self.course is None:
            self._bell.ring()

    def look(self) -> None:
        """Says that an operator changed something: it begins anew, once what it knows is recorded."""
        if self.course:
            self.course.ending = True
        self._bell.ring()

    async def _round(self) -> None:
        """One turn: what the feed brings is put in line, what may leave leaves, what happened is recorded; then a rest
        until something happens."""
        course = self.course
        if course is None:
            await self._begin()
        elif course.over:
            await self._finish(course)
        else:
            await self._keep(course)
            if course.sends:
                await self._bringing.bring(course)
                self._send(course)
            self._record(course)
            self.alive = Alive(
                course.position(), course.interrupted or course.health.error, course.health.failing_since
            )
            self._carrying.count()
            self._carrying.full = not course.room
            await self._bell.sleep(self._rest(course))

    async def _begin(self) -> None:
        """Takes the lease, or waits until there is one to take."""
        wanted = Attendance(self.name, self._lease.owner, self._lease.seconds)
        self._leased = self._recorded = _time()
        standing = await self._writer.write(attend, wanted)
        if standing is None or not standing.mine:
            wait = standing.wait if standing else None
            await self._bell.sleep(LONGEST_REST if wait is None else wait)
            return
        self.course = Course(self.subscription, self.target, standing, await self._bringing.held(self.name))

    async def _keep(self, course: Course) -> None:
        """Sees to the lease before anything is done under it, and to the way to the target."""
        if _time() - self._leased > self._lease.seconds / 2 and (self._lease.kept or self._busy(course)):
            await self._attend(course)
        if course.interrupted is not None and not course.under_way and (self._opening is None or self._opening.done()):
            self._opening = asyncio.create_task(self._open(course), name=f"open {self.name}")

    async def _open(self, course: Course) -> None:
        while course.interrupted is not None:
            if _time() - self._opened < OPENING_PAUSE:  # it was there, and did not last
                await asyncio.sleep(OPENING_PAUSE)
            self._opened = _time()
            try:
                await self.target.ready()
                await self.target.open()
            except Refusal as refusal:
                course.interrupted = refusal.detail
            else:
                course.interrupted = None
            course.moved += 1
        self._bell.ring()

    def _send(self, course: Course) -> None:
        time = _time()
        leaving = list(islice(iter(lambda: course.next(time), None), A_TURN))
        if leaving:
            self._told = time
            self._carrying.begin(course, leaving)
        if len(leaving) == A_TURN:
            self._bell.ring()  # there may be more

    def _record(self, course: Course) -> None:
        """Begins to record what is due, unless that is under way; tells an idle subscriber how far the feed is."""
        if self._recording and self._recording.done():
            ended, self._recording = self._recording, None
            if error := ended.exception():
                log.error("not recorded how far a subscriber is", subscription=self.name, reason=repr(error))
        since = _time() - self._recorded
        due = since >= RECORD_EVERY if course.moved else course.passed and since >= PASSED_EVERY
        if self._recording is None and (due or course.moved >= RECORD_AFTER):
            self._recording = asyncio.create_task(self._attend(course), name=f"record {self.name}")
        every = self.subscription.entry.cursor_every
        if every and course.sends and not self._busy(course) and _time() - self._told >= every:
            self._told = _time()
            self._carrying.start(self._tell(cursor_copy(self.name, course.position(), course.previous, now())))

    async def _tell(self, cursor: Copy) -> None:
        """Of no consequence where it fails: the next one says the same."""
        try:
            if await self.target.idle():
                await self.target.send(cursor)
        except Refusal as refusal:
            log.info("a cursor was not taken", subscription=self.name, reason=refusal.detail)

    async def _attend(self, course: Course, *, last: bool = False) -> None:
        """Records how far it is, renews the lease, and hears what operators changed. One at a time, so that nothing
        counts as recorded before what it builds on."""
        async with self._attending:
            began, made = _time(), course.made()
            self._recorded = began
            wanted = Attendance(
                self.name,
                self._lease.owner,
                0.0 if last else self._lease.seconds,
                fence=course.fence,
                made=made,
                ends=course.ends if last else None,
            )
            try:
                standing = await self._writer.write(attend, wanted)
            except BaseException:
                course.not_made(made)
                raise
            self._leased = began
        if standing is None or not standing.mine:
            log.warning("a subscription is not this relay's any longer", subscription=self.name)
            course.ending = True
            self.course = self.alive = None
        elif standing.state is not State.ACTIVE or standing.revision != course.revision:
            course.ending = True
        self._bell.ring()

    async def _finish(self, course: Course) -> None:
        """Records the last of it and hands back the lease."""
        await self._attend(course, last=True)
        self.course = self.alive = None
        if course.ends:
            state, reason = course.ends
            log.warning("a subscription ended", subscription=self.name, state=state, reason=reason)

    async def stop(self) -> None:
        """Begins no more, gives what is under way a moment, records, hands back the lease."""
        for task in (self._task, self._opening, self._recording):
            if task:
                task.cancel()
                with suppress(asyncio.CancelledError, *TROUBLE):
                    await task
        await self._carrying.end(self.course)
        if self.course:
            with suppress(*TROUBLE):  # the lease then lapses, and a few copies are sent again
                await self._finish(self.course)
        await self.target.close()

    def _busy(self, course: Course) -> bool:
        """There is something to do under the lease."""
        due = course.next_due()
        return bool(
            course.under_way
            or course.lines.count
            or self._bringing.news(course)
            or (due is not None and due <= now_us())
        )

    def _rest(self, course: Course) -> float:
        """Seconds until there is something to do that nobody rings for."""
        if course.over:
            return 0.0
        time, waits = _time(), [LONGEST_REST]
        if course.sends:
            if self._bringing.news(course):
                return 0.0
            if course.lines.count and course.health.until > time:
                waits.append(course.health.until - time)
            if (due := course.next_due()) is not None:
                waits.append((due - now_us()) / SECOND)
            if every := self.subscription.entry.cursor_every:
                waits.append(self._told + every - time)
        if course.moved or course.passed:
            waits.append(self._recorded + (RECORD_EVERY if course.moved else PASSED_EVERY) - time)
        if self._lease.kept or self._busy(course):
            waits.append(self._leased + self._lease.seconds / 2 - time)
        return max(0.0, min(waits))


def _time() -> float:
    return asyncio.get_running_loop().time()
