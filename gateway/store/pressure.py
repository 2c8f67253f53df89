"""How long what comes now would wait for the store: by what its last batches took, and one takes already."""

from collections.abc import Callable
from time import monotonic

KEEPS = 0.8
"""What a batch leaves of the memory of those before it: some five count."""


class Pressure:
    """`began` and `ended` belong to the writer's thread, `seconds` to any."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._began: float | None = None
        self._took = 0.0
        self._wrote = 0.0
        self._each = 0.0

    def began(self) -> None:
        self._began = self._clock()

    def ended(self, written: int) -> None:
        """A batch of so many is written, or was refused by the store."""
        assert self._began is not None
        self._took = self._took * KEEPS + self._clock() - self._began
        self._wrote = self._wrote * KEEPS + written
        self._each = self._took / self._wrote
        self._began = None

    def seconds(self, waiting: int) -> float:
        """Until what comes behind so many is written."""
        began = self._began
        return max(waiting * self._each, 0.0 if began is None else self._clock() - began)
