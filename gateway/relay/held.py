"""Conversations whose first event was not taken: it is tried again, or was parked, and the others wait behind it.

In memory as in the store: `changes` is what the store does not know yet. No I/O, no clock: times are microseconds.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import islice
from typing import NamedTuple


class HeldEvent(NamedTuple):
    """A row of the store. Of a partition only the first has attempts, an error, and perhaps a time."""

    position: int
    partition: str
    type: str
    attempts: int
    due_at: int | None
    """When it is tried again; None for one that is parked, or that waits behind another."""
    error: str | None
    since: int
    previous: int | None = None
    """What its copies say was sent before; None until it was sent."""


@dataclass(frozen=True)
class Changes:
    """What the store has still to learn, in this order."""

    added: tuple[HeldEvent, ...] = ()
    changed: tuple[HeldEvent, ...] = ()
    """Rows that are there, as they read now."""
    gone: tuple[int, ...] = ()


@dataclass
class _Stay:
    first: HeldEvent
    behind: deque[HeldEvent] = field(default_factory=deque)
    trying: bool = False


class Held:
    def __init__(self, rows: Iterable[HeldEvent] = ()) -> None:
        """`rows` by rising position."""
        self._stays: dict[str, _Stay] = {}
        self._due: list[tuple[int, str]] = []
        """A heap; what it says of a partition may be out of date."""
        self._lowest: list[int] = []
        self._added: list[HeldEvent] = []
        self._changed: dict[int, HeldEvent] = {}
        self._gone: list[int] = []
        self.positions: set[int] = set()
        for row in rows:
            self._put(row)

    def __contains__(self, partition: str) -> bool:
        return partition in self._stays

    @property
    def parked(self) -> int:
        """How many conversations are."""
        return sum(stay.first.due_at is None for stay in self._stays.values())

    def lowest(self) -> int | None:
        """The first position that is held."""
        while self._lowest and self._lowest[0] not in self.positions:
            heappop(self._lowest)
        return self._lowest[0] if self._lowest else None

    def add(self, row: HeldEvent) -> None:
        """At the end of its partition, behind what waits there."""
        self._put(row)
        self._added.append(row)

    def _put(self, row: HeldEvent) -> None:
        self.positions.add(row.position)
        heappush(self._lowest, row.position)
        stay = self._stays.get(row.partition)
        if stay is not None:
            stay.behind.append(row)
            return
        given_up = row.attempts == 0 and row.due_at is None  # the one before it was
        first = row._replace(due_at=row.since) if given_up else row
        self._stays[row.partition] = _Stay(first)
        self._plan(first)

    def _plan(self, first: HeldEvent) -> None:
        if first.due_at is not None:
            heappush(self._due, (first.due_at, first.partition))

    def _change(self, stay: _Stay, first: HeldEvent) -> HeldEvent:
        stay.first = self._changed[first.position] = first
        self._plan(first)
        return first

    def next_due(self) -> int | None:
        """When the next attempt is due."""
        while self._due and not self._is_planned(*self._due[0]):
            heappop(self._due)
        return self._due[0][0] if self._due else None

    def _is_planned(self, due_at: int, partition: str) -> bool:
        stay = self._stays.get(partition)
        return stay is not None and not stay.trying and stay.first.due_at == due_at

    def take_due(self, now: int, most: int) -> list[str]:
        """Up to `most` partitions to try now, which then are being tried."""
        found: list[str] = []
        while len(found) < most and (due := self.next_due()) is not None and due <= now:
            _, partition = heappop(self._due)
            self._stays[partition].trying = True
            found.append(partition)
        return found

    def first_of(self, partition: str, most: int) -> list[HeldEvent]:
        """The first ones of a partition, in order."""
        stay = self._stays[partition]
        return [stay.first, *islice(stay.behind, most - 1)]

    def tried(self, partition: str) -> None:
        """The attempt ended before all were taken, or was none."""
        stay = self._stays.get(partition)
        if stay is not None and stay.trying:
            stay.trying = False
            self._plan(stay.first)

    def taken(self, partition: str, position: int, now: int) -> None:
        """The first of a partition is done with; the next may be tried at once."""
        stay = self._stays[partition]
        assert stay.first.position == position
        self.positions.discard(position)
        self._gone.append(position)
        if stay.behind:
            self._change(stay, stay.behind.popleft()._replace(due_at=now))
        else:
            del self._stays[partition]

    def failed(self, partition: str, due_at: int | None, error: str, previous: int | None = None) -> HeldEvent:
        """The first of a partition was not taken; with no time it is parked. As it reads now."""
        stay = self._stays[partition]
        stay.trying = False
        attempts = stay.first.attempts + 1
        first = stay.first._replace(attempts=attempts, due_at=due_at, error=error, previous=previous)
        return self._change(stay, first)

    def attempts(self, partition: str) -> int:
        """Of the first of a partition."""
        return self._stays[partition].first.attempts

    def hurry(self, now: int) -> None:
        """The target is back: nobody waits any longer, but what is parked."""
        for stay in self._stays.values():
            if stay.first.due_at is not None and stay.first.due_at > now:
                self._change(stay, stay.first._replace(due_at=now))

    def changes(self) -> Changes:
        """What the store does not know yet; from now on it counts as known."""
        found = Changes(tuple(self._added), tuple(self._changed.values()), tuple(self._gone))
        self._added, self._changed, self._gone = [], {}, []
        return found

    def forget(self, changes: Changes) -> None:
        """The store did not learn them after all."""
        self._added = [*changes.added, *self._added]
        self._changed = {row.position: row for row in changes.changed} | self._changed
        self._gone = [*changes.gone, *self._gone]
