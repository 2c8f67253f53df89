"""What is to leave, in line by conversation. No I/O.

Where a target keeps the order itself (a channel to a broker), all of a conversation may be under way at once;
elsewhere one at a time. Urgent events, with what stands before them in their own line, leave before all others.
"""

from collections import deque
from dataclasses import dataclass

from gateway.relay.events import Event


@dataclass(eq=False, slots=True)
class Entry:
    """An event on its way to one subscription."""

    event: Event
    held: bool = False
    """It stands in the store among those that wait for another attempt."""
    previous: int | None = None
    """What was sent before it, once it was sent itself."""
    away: bool = False
    """It is under way."""


class _Line:
    __slots__ = ("entries", "urgent")

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque()
        self.urgent = 0


class Lines:
    def __init__(self, *, pipelined: bool) -> None:
        self._pipelined = pipelined
        self._lines: dict[str, _Line] = {}
        self._urgent: deque[Entry] = deque()
        self._others: deque[Entry] = deque()
        self._disturbed = False
        self.count = 0
        """Entries in line, those under way among them."""
        self.octets = 0

    def __contains__(self, partition: str) -> bool:
        return partition in self._lines

    def add(self, entry: Entry) -> None:
        """At the end of its conversation's line."""
        line = self._lines.setdefault(entry.event.partition, _Line())
        line.entries.append(entry)
        self.count += 1
        self.octets += len(entry.event.body)
        if entry.event.urgent:
            line.urgent += 1
            self._hurry(line)
        if self._pipelined or len(line.entries) == 1:
            self._ready(line, entry)

    def take(self, *, urgent: bool = False) -> Entry | None:
        """The next that may leave; with `urgent` only one that must not wait."""
        if self._disturbed:
            self._sort()
        queue = self._urgent if self._urgent or urgent else self._others
        if not queue:
            return None
        entry = queue.popleft()
        entry.away = True
        return entry

    def finish(self, entry: Entry) -> None:
        """It is done with; the next of its line may leave."""
        line = self._lines[entry.event.partition]
        line.entries.remove(entry)
        line.urgent -= entry.event.urgent
        self.count -= 1
        self.octets -= len(entry.event.body)
        if not line.entries:
            del self._lines[entry.event.partition]
        elif not self._pipelined:
            self._ready(line, line.entries[0])

    def back(self, entry: Entry) -> None:
        """It was not taken, through no fault of its own. It goes behind other conversations, so that the next attempt
        is another's; in a pipeline behind nothing, because what left after it comes back too."""
        entry.away = False
        if self._pipelined:
            self._disturbed = True
        else:
            self._ready(self._lines[entry.event.partition], entry)

    def hold(self, partition: str) -> list[Entry]:
        """Takes away a line whose first was under way, where one at a time is."""
        line = self._lines.pop(partition)
        self.count -= len(line.entries)
        self.octets -= sum(len(entry.event.body) for entry in line.entries)
        return list(line.entries)

    def sent(self) -> dict[int, int]:
        """What was sent at least once and is not done with, and what was sent before each."""
        entries = (entry for line in self._lines.values() for entry in line.entries)
        return {entry.event.position: entry.previous for entry in entries if entry.previous is not None}

    def _ready(self, line: _Line, entry: Entry) -> None:
        (self._urgent if line.urgent else self._others).append(entry)

    def _hurry(self, line: _Line) -> None:
        """What stands before an urgent event in its line must leave before it, and so hurries too."""
        mine = {id(entry) for entry in line.entries if not entry.away}
        hurried = [entry for entry in self._others if id(entry) in mine]
        if hurried:
            self._others = deque(entry for entry in self._others if id(entry) not in mine)
            self._urgent.extend(hurried)

    def _sort(self) -> None:
        """By position again, after some came back."""
        self._disturbed = False
        waiting = [(entry, line) for line in self._lines.values() for entry in line.entries if not entry.away]
        waiting.sort(key=lambda pair: pair[0].event.position)
        self._urgent = deque(entry for entry, line in waiting if line.urgent)
        self._others = deque(entry for entry, line in waiting if not line.urgent)
