"""Whether a target is to blame, or an event: what several conversations fail at, the target fails at. No I/O, no clock.

While a target is to blame nothing is sent to it but now and then one attempt, each of another conversation, so that one
poisonous event cannot make a sound target look dead. The first success ends it.
"""

from gateway.store.times import SECOND
from gateway.waiting import backoff

DOUBTS = 5
"""So many conversations in a row, without one success between, are no longer their events' fault."""
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 300.0


class Health:
    def __init__(self, failing_since: int | None = None, error: str | None = None) -> None:
        """As the store has it: microseconds since 1970 UTC, and what was said last."""
        self.failing_since = failing_since
        self.error = error
        self.to_blame = False
        """The target is: only attempts, one at a time."""
        self.until = 0.0
        """Nothing is tried before this, on the loop's clock."""
        self._failures = 0
        self._partitions: set[str] = set()

    def failed(
        self, partition: str, error: str, *, blame: bool, now: float, at: int, retry_after: float | None = None
    ) -> None:
        """An event of this partition was not taken. `blame`: no other would have been either.

        `now` is the loop's clock, `at` the wall's.
        """
        self.error = error
        self.failing_since = self.failing_since if self.failing_since is not None else at
        if len(self._partitions) < DOUBTS:
            self._partitions.add(partition)
        self.to_blame = self.to_blame or blame or len(self._partitions) >= DOUBTS
        if self.to_blame and now >= self.until:  # those that left together fail together, and count once
            self._failures += 1
            self.until = now + backoff(self._failures, FIRST_PAUSE, LONGEST_PAUSE)
        self.until = max(self.until, now + (retry_after or 0.0))

    def succeeded(self) -> bool:
        """Whether that ends a time in which the target was to blame."""
        was_to_blame = self.to_blame
        self.failing_since = self.error = None
        self.to_blame, self.until, self._failures = False, 0.0, 0
        self._partitions.clear()
        return was_to_blame

    def dead(self, at: int, after: float) -> bool:
        """Nothing was taken for so many seconds, by more than one conversation's testimony."""
        if self.failing_since is None or not (self.to_blame or len(self._partitions) > 1):
            return False
        return at - self.failing_since >= after * SECOND
