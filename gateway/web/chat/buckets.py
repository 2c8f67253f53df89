"""Token buckets: so many a minute, some at once. In this process only; whoever is not seen for a while starts full."""

from collections.abc import Hashable
from time import monotonic

MOST = 50_000


class Buckets:
    def __init__(self) -> None:
        self._held: dict[Hashable, tuple[float, float]] = {}
        """What is left, and when that was counted; the latest used stands last."""

    def take(self, key: Hashable, per_minute: float, burst: float) -> float:
        """Takes one; 0 where there was one, else the seconds until there is."""
        now, rate = monotonic(), per_minute / 60
        left, at = self._held.pop(key, (burst, now))
        left = min(burst, left + (now - at) * rate)
        taken = left >= 1
        if len(self._held) >= MOST:
            del self._held[next(iter(self._held))]
        self._held[key] = (left - taken, now)
        return 0.0 if taken else (1 - left) / rate
