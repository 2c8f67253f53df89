"""What a relay knows while a subscription is its own, and what it decides by that. No I/O, no clock.

`now` is the loop's clock in seconds, `at` the wall's in microseconds.
"""

import logging
import random
from collections.abc import Iterable, Sequence

import structlog

from gateway.relay.catalogue import Alive
from gateway.relay.events import Event
from gateway.relay.health import Health
from gateway.relay.held import Held, HeldEvent
from gateway.relay.lines import Entry, Lines
from gateway.relay.progress import Progress
from gateway.relay.standing import Made, Standing
from gateway.relay.subscription import State, Subscription
from gateway.relay.targets import Away, Ended, NotThere, Refusal, Target
from gateway.store.times import SECOND

log = structlog.get_logger()
WINDOW = 1_024
"""Events in line, in memory."""
MOST_OCTETS = 16 << 20
"""Of the events in line; those of one more page come in on top."""
URGENT_SLOTS = 8
"""Urgent copies that may be under way beside all the others."""
URGENT_AHEAD = 256
"""Events that may stand in line because urgent ones overtook, beside the window."""
MOST_AHEAD = 10_000
"""Finished events beyond the first unfinished one; then it is waited for."""
TRIED_AT_ONCE = 16
"""Held conversations that are taken up together, and events of each that are read together."""
MOST_HELD = 100_000
"""Events that wait behind failing ones; with more the subscription is parked."""
JITTER = 0.1
"""Share of a pause that is drawn by lot."""


class Course:
    def __init__(
        self, subscription: Subscription, target: Target, standing: Standing, held: Iterable[HeldEvent]
    ) -> None:
        self.fence = standing.fence
        self.revision = standing.revision
        self.progress = Progress(standing.position, standing.beyond)
        self.lines = Lines(pipelined=target.pipelined)
        self.held = Held(held)
        self.health = Health(standing.failing_since, standing.error)
        self.previous = standing.previous
        """What was sent last."""
        self._sent = dict(standing.sent)
        self.scouted = standing.position
        """Up to here urgent events were looked for, ahead of what was read in order."""
        self.under_way: set[Entry] = set()
        self.interrupted: str | None = "not connected yet"
        """Why nothing can be sent at all, through nobody's fault."""
        self.ends: tuple[State, str] | None = None
        self.ending = False
        """Nothing more is begun."""
        self.moved = 0
        """What happened to events since `made` was asked last."""
        self._made_read = standing.position
        self._name = subscription.name
        self._entry = subscription.entry
        self._pipelined = target.pipelined
        self._at_once = target.at_once
        self._most = target.most

    @property
    def over(self) -> bool:
        return self.ending and not self.under_way

    @property
    def room(self) -> bool:
        """Whether more may be read in order."""
        return self.lines.count < WINDOW and self.lines.octets < MOST_OCTETS and self.progress.ahead < MOST_AHEAD

    @property
    def urgent_room(self) -> bool:
        ahead = self.progress.ahead < MOST_AHEAD
        return ahead and self.lines.count < WINDOW + URGENT_AHEAD and not self.health.to_blame

    @property
    def matters(self) -> bool:
        """Whether a copy that was just taken leaves something to do before the next event comes."""
        return (
            self.moved == 1  # nobody has been told when to record it
            or self.ending
            or not self._pipelined
            or self.lines.count > len(self.under_way)
            or bool(self.held.positions)
        )

    @property
    def sends(self) -> bool:
        """Whether anything may leave at all."""
        return not self.ending and self.interrupted is None

    @property
    def passed(self) -> bool:
        """Whether events were read, wanted or not, since `made` was asked last."""
        return self.progress.read != self._made_read

    def take_due(self, at: int) -> list[str]:
        """Held conversations to take up now: of a target that is to blame only one, when nobody else waits."""
        return self.held.take_due(at, self._may_try())

    def next_due(self) -> int | None:
        """When there will be such."""
        return self.held.next_due() if self._may_try() else None

    def _may_try(self) -> int:
        if not self.sends:
            return 0
        if self.health.to_blame:
            return int(not self.lines.count)
        return TRIED_AT_ONCE if self.lines.count < 2 * TRIED_AT_ONCE else 0

    def position(self) -> int:
        """Every wanted event up to here was taken."""
        lowest = self.held.lowest()
        return self.progress.position if lowest is None else min(self.progress.position, lowest - 1)

    def alive(self) -> Alive:
        return Alive(self.position(), self.interrupted or self.health.error, self.health.failing_since)

    def line_up(self, events: Iterable[Event], at: int) -> None:
        """Events that were read, each once."""
        for event in events:
            if self.progress.knows(event.position) or event.position in self.held.positions:
                continue
            if event.partition in self.held:
                self._put_behind(event, at, self._sent.pop(event.position, None))
            elif len(event.body) > self._most:
                self._put_behind(event, at)
                self._park(event)
            else:
                self.progress.begin(event.position)
                self.lines.add(Entry(event, previous=self._sent.pop(event.position, None)))

    def next(self, now: float) -> Entry | None:
        """What may leave now."""
        if not self.sends or now < self.health.until:
            return None
        busy = len(self.under_way)
        if self.health.to_blame:
            return None if busy else self._leave(self.lines.take())
        if busy < self._at_once:
            return self._leave(self.lines.take())
        return self._leave(self.lines.take(urgent=True)) if busy < self._at_once + URGENT_SLOTS else None

    def _leave(self, entry: Entry | None) -> Entry | None:
        if entry is None:
            return None
        self.under_way.add(entry)
        if entry.previous is None:
            entry.previous, self.previous = self.previous, entry.event.position
        return entry

    def taken(self, entry: Entry, at: int) -> None:
        """The target has it."""
        event = entry.event
        self.under_way.discard(entry)
        self.lines.finish(entry)
        self.moved += 1
        if entry.held:
            self.held.taken(event.partition, event.position, at)
            if event.partition not in self.lines:
                self.held.tried(event.partition)
        else:
            self.progress.finish(event.position)
        if self.health.succeeded():
            log.info("a subscriber takes events again", subscription=self._name)
            self.held.hurry(at)

    def refused(self, entry: Entry, refusal: Refusal, now: float, at: int) -> None:
        """The target has it not, or is not known to have it."""
        self.under_way.discard(entry)
        self.moved += 1
        if isinstance(refusal, Away):
            self.lines.back(entry)
            self.interrupted = self.interrupted or refusal.detail
            return
        if isinstance(refusal, Ended):
            self.lines.back(entry)
            self._end(State.DISABLED, refusal.detail)
            return
        blame = self._pipelined or isinstance(refusal, NotThere)
        self.health.failed(
            entry.event.partition,
            refusal.detail,
            blame=blame,
            now=now,
            at=at,
            retry_after=refusal.retry_after if blame else None,
        )
        if blame:
            self.lines.back(entry)
        else:
            self._hold(entry, refusal, at)
        if self.health.dead(at, self._entry.park_after):
            self._end(State.PARKED, f"it took nothing for {self._entry.park_after:g} s: {refusal.detail}")

    def try_again(self, partition: str, rows: Sequence[HeldEvent], events: Sequence[Event], at: int) -> None:
        """Puts held events back in line, as far as they are still there; one that is gone is done with."""
        found = {event.position: event for event in events}
        for row in rows:
            event = found.get(row.position)
            if event and len(event.body) <= self._most:
                sent = self._sent.pop(row.position, row.previous)
                self.lines.add(Entry(event, held=True, previous=sent))
            elif partition in self.lines:
                break
            elif event:
                self._park(event)
                break
            else:
                self.held.taken(partition, row.position, at)
        if partition not in self.lines:
            self.held.tried(partition)

    def _park(self, event: Event) -> None:
        """What the target cannot take at all is not tried. Pipelines have such a limit, and hold nothing else."""
        self._said(self.held.failed(event.partition, None, f"it is larger than the {self._most} octets that go there"))

    def gone(self, oldest: int) -> None:
        """The feed does not reach back to where the subscription stands."""
        self._end(
            State.PARKED,
            f"events after position {self.progress.read} are not kept, or from another store; the oldest is {oldest}:"
            " set the position to go on from, then resume",
        )

    def made(self) -> Made:
        """What the store has to learn; from now on it counts as known."""
        position, beyond = self.progress.snapshot()
        self.moved, self._made_read = 0, self.progress.read
        return Made(
            position=position,
            beyond=beyond,
            previous=self.previous,
            failing_since=self.health.failing_since,
            error=self.interrupted or self.health.error,
            sent=self._sent | self.lines.sent(),
            changes=self.held.changes(),
        )

    def not_made(self, made: Made) -> None:
        """The store did not learn it after all."""
        self.held.forget(made.changes)
        self.moved += 1

    def _hold(self, entry: Entry, refusal: Refusal, at: int) -> None:
        """Its conversation waits, and is out of the way of others."""
        event = entry.event
        waiting = self.lines.hold(event.partition)
        if not entry.held:
            for one in waiting:
                self._put_behind(one.event, at, one.previous)
        attempts = self.held.attempts(event.partition)
        due_at = None
        if attempts < len(self._entry.retries):
            pause = self._entry.retries[attempts] * (1 + random.random() * JITTER)  # noqa: S311 - no secret
            due_at = at + int(max(pause, refusal.retry_after or 0.0) * SECOND)
        self._said(self.held.failed(event.partition, due_at, refusal.detail, entry.previous))

    def _said(self, row: HeldEvent) -> None:
        log.log(
            logging.INFO if row.due_at else logging.WARNING,
            "an event was not taken" if row.due_at else "a conversation was parked",
            subscription=self._name,
            partition=row.partition,
            position=row.position,
            attempts=row.attempts,
            reason=row.error,
        )

    def _put_behind(self, event: Event, at: int, previous: int | None = None) -> None:
        self.held.add(HeldEvent(event.position, event.partition, event.type, 0, None, None, at, previous))
        self.progress.finish(event.position)
        self.moved += 1
        if len(self.held.positions) > MOST_HELD:
            self._end(State.PARKED, f"more than {MOST_HELD} events wait behind those that were not taken")

    def _end(self, state: State, reason: str) -> None:
        self.ends = self.ends or (state, reason)
        self.ending = True
