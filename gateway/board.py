"""Who is writing just now: in no store and no history, and forgotten after a few seconds.

Where several processes serve the store, they tell each other, as they wake each other; nobody looks for what was
missed.
"""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import NamedTuple

import msgspec

from gateway.store.session import beside_others
from gateway.store.transaction import Transaction

SHOWN_SECONDS = 8
"""For how long it is believed unless said again."""
MOST = 50_000


class Seat(NamedTuple):
    connector_id: str
    address: str


class Said(msgspec.Struct, frozen=True, array_like=True):
    """What one process tells all."""

    seat: Seat
    on: bool | None = None
    """Whether the customer there writes; None: they shall see that somebody writes to them."""


_said = msgspec.json.Decoder(Said)


class Board:
    """Belongs to the event loop."""

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        """`tell` has `told` called with the same text wherever the store is served, here too."""
        self._tell = tell
        self._writing: dict[Seat, float] = {}
        self._listening: list[Callable[[Seat], None]] = []

    def listen(self, hear: Callable[[Seat], None]) -> None:
        """`hear` is called when a customer shall see that somebody writes to them."""
        self._listening.append(hear)

    def show(self, seat: Seat) -> None:
        """To the customer at this seat, wherever they are connected to the hub itself."""
        self._say(Said(seat))

    def heard(self, seat: Seat, on: bool) -> None:
        """The customer there writes, or stopped."""
        self._say(Said(seat, on))

    def _say(self, said: Said) -> None:
        if self._tell:
            self._tell(msgspec.json.encode(said).decode())
        else:
            self._hear(said)

    def told(self, text: str) -> None:
        """What some process said."""
        self._hear(_said.decode(text))

    def _hear(self, said: Said) -> None:
        if said.on is None:
            for hear in self._listening:
                hear(said.seat)
        else:
            self._note(said.seat, said.on)

    def _note(self, seat: Seat, on: bool) -> None:
        self._writing.pop(seat, None)
        if on:
            if len(self._writing) >= MOST:
                del self._writing[next(iter(self._writing))]
            self._writing[seat] = monotonic() + SHOWN_SECONDS

    def writes(self, seat: Seat) -> bool:
        return self._writing.get(seat, 0.0) > monotonic()


@beside_others
def woken_by(transaction: Transaction, told: Sequence[tuple[str, str]]) -> list[None]:
    """Writes nothing; after the commit, whoever serves the store is woken with (what, whom)."""
    for what, whom in told:
        transaction.wake(what, whom)
    return [None] * len(told)
