"""How long a channel goes on trying what was provably not accepted."""

from dataclasses import dataclass
from typing import Final

LONGEST: Final = 300.0
"""Seconds between two attempts at the most, where a channel names no waits of its own."""
SPREAD: Final = 0.1
"""By so much of itself a named wait may be longer, so that a crowd does not come back at once."""


@dataclass(frozen=True)
class Patience:
    """A channel's schedule of attempts. Without one of its own: from one second, doubling, up to five minutes, and as
    many attempts as `limits.attempts` allows."""

    waits: tuple[float, ...] = ()
    """Seconds at least before the second attempt, the third, …; the last repeats."""
    lasts: float | None = None
    """Seconds of waiting in all, after which it is given up; None: the number of attempts decides. Needs `waits`."""

    def __post_init__(self) -> None:
        """Raises ValueError for a schedule that would never end, or never begin."""
        if (self.lasts is not None and not self.waits) or any(wait <= 0 for wait in self.waits):
            raise ValueError("a patience that lasts names its waits, each of more than 0 seconds")

    def wait(self, attempt: int, luck: float = 0.0) -> float:
        """Seconds between an attempt (from 1) and the next; `luck`, from 0 to 1, spreads a crowd."""
        if not self.waits:
            longest = min(LONGEST, 2.0 ** min(attempt - 1, 60))
            return longest / 2 + longest / 2 * luck
        return self.waits[min(attempt, len(self.waits)) - 1] * (1 + SPREAD * luck)

    def ends(self, attempt: int, attempts: int, within: float | None = None) -> bool:
        """Whether an attempt (from 1) was the last. `attempts` is how many a channel without a time of its own has,
        `within` the seconds of waiting that an operator allows, where that is less."""
        bounds = [bound for bound in (self.lasts, within) if bound is not None]
        over = bool(bounds) and sum(map(self.wait, range(1, attempt + 1))) > min(bounds)
        return over or (self.lasts is None and attempt >= attempts)


USUAL: Final = Patience()
