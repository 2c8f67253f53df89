"""Who is writing just now. In this process only: in no store and no history, and forgotten after a few seconds."""

from collections.abc import Callable
from time import monotonic
from typing import NamedTuple

SHOWN_SECONDS = 8
"""For how long it is believed unless said again."""
MOST = 50_000


class Seat(NamedTuple):
    connector_id: str
    address: str


class Board:
    """Belongs to the event loop."""

    def __init__(self) -> None:
        self._writing: dict[Seat, float] = {}
        self._listening: list[Callable[[Seat], None]] = []

    def listen(self, hear: Callable[[Seat], None]) -> None:
        """`hear` is called when a customer shall see that somebody writes to them."""
        self._listening.append(hear)

    def show(self, seat: Seat) -> None:
        """To the customer at this seat, wherever they are connected to the hub itself."""
        for hear in self._listening:
            hear(seat)

    def heard(self, seat: Seat, on: bool) -> None:
        """The customer there writes, or stopped."""
        self._writing.pop(seat, None)
        if on:
            if len(self._writing) >= MOST:
                del self._writing[next(iter(self._writing))]
            self._writing[seat] = monotonic() + SHOWN_SECONDS

    def writes(self, seat: Seat) -> bool:
        return self._writing.get(seat, 0.0) > monotonic()
