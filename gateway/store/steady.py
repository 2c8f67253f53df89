"""A clock that never goes back: the wall's time as long as that goes on, and its own pace when the wall is set back.

Everything the store compares — leases, due times, timers — was written by this clock and is read by it, so a wall that
is set back stalls nothing. It then runs a tenth slower until the wall has caught up: what is due comes a little late,
and what people read is ahead of the wall by less and less. A wall that is set forward is followed at once.
docs/adr/0015-a-clock-that-never-goes-back.md says why.
"""

import threading
from collections.abc import Callable
from time import monotonic_ns, time_ns

SLOWER = 10
"""While ahead of the wall, it loses one in so many."""


class Steady:
    """Microseconds since 1970 UTC. From any thread; no reading is below one before it."""

    def __init__(self, wall: Callable[[], int] = time_ns, steady: Callable[[], int] = monotonic_ns) -> None:
        """Both in nanoseconds; `steady` never goes back, and its beginning does not matter."""
        self._wall = wall
        self._steady = steady
        self._lock = threading.Lock()
        self._at = steady()
        self._offset = wall() - self._at
        """What is added to `steady`."""
        self._ahead = 0

    def us(self) -> int:
        with self._lock:
            return (self._look() + self._offset) // 1000

    def ahead_us(self) -> int:
        """How far it is ahead of the wall."""
        with self._lock:
            self._look()
            return self._ahead // 1000

    def not_before(self, us: int) -> None:
        """From now on it is this late at least: something was written at that time."""
        with self._lock:
            at = self._look()
            self._offset = max(self._offset, us * 1000 - at)

    def _look(self) -> int:
        """Adjusts the offset; what `steady` says. The wall is read first, so that a thread that is put aside between
        the two is never taken for a wall that was set forward."""
        wall = self._wall()
        at = self._steady()
        self._offset = max(wall - at, self._offset - (at - self._at) // SLOWER)
        self._ahead = self._offset - (wall - at)
        self._at = at
        return at
