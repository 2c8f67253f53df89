"""The newest events, in memory while somebody follows the feed: who keeps up need not read the store for them."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MOST = 4_096
MOST_OCTETS = 16 << 20
"""Between this and twice as much is kept, as between MOST and twice as many."""


@dataclass(slots=True)
class Item:
    position: int
    type: str
    """Its short name."""
    event: bytes
    """The CloudEvent as JSON, its `position` written in."""
    read: Any = field(default=None, compare=False, repr=False)
    """What one reader made of it, for the next."""


def item_of(position: int, type_: str, body: bytes) -> Item:
    """An event as the store has it."""
    return Item(position, type_, b'{"position":"%d",' % position + body[1:])


class Recent:
    """From any thread."""

    def __init__(self) -> None:
        self._items: list[Item] = []
        self._octets = 0
        self._lock = threading.Lock()

    def add(self, items: Sequence[Item]) -> None:
        """What was just committed, in order. After a gap, left by another process, it begins anew."""
        if not items:
            return
        with self._lock:
            if self._items and self._items[-1].position + 1 != items[0].position:
                self._forget()
            self._items += items
            self._octets += sum(len(item.event) for item in items)
            if len(self._items) > 2 * MOST or self._octets > 2 * MOST_OCTETS:
                self._trim()

    def after(self, position: int, limit: int) -> list[Item] | None:
        """The next events; None where the store must be asked."""
        with self._lock:
            if not self._items or position < self._items[0].position - 1:
                return None
            start = position + 1 - self._items[0].position
            return self._items[start : start + limit]

    def forget(self) -> None:
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        self._items.clear()
        self._octets = 0

    def _trim(self) -> None:
        keep, octets = 0, 0
        for item in reversed(self._items[-MOST:]):
            octets += len(item.event)
            if octets > MOST_OCTETS:
                break
            keep += 1
        del self._items[: len(self._items) - keep]
        self._octets = sum(len(item.event) for item in self._items)
