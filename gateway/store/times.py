"""Times as the store keeps them: integers of microseconds since 1970 UTC, which sort and subtract.

Two clocks. `now` is the wall's, for what is compared with other people's clocks: signatures, tokens, when a request
came. `now_us` is the hub's own, which never goes back, for what is written into the store and compared there.
"""

from datetime import UTC, datetime, timedelta

from gateway.store.steady import Steady

_STEADY = Steady()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000


def to_us(time: datetime) -> int:
    return (time - _EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def now() -> datetime:
    """What the clock on the wall says. It may be set back."""
    return datetime.now(UTC)


def now_us() -> int:
    """What the hub's own clock says: never less than before, also when the wall is set back."""
    return _STEADY.us()


def on_our_clock(time: datetime) -> int:
    """When the hub's own clock will show this moment of somebody else's."""
    return to_us(time) + _STEADY.ahead_us()


def ahead() -> float:
    """Seconds by which the hub's own clock is ahead of the wall's, which was set back."""
    return _STEADY.ahead_us() / SECOND


def not_before(us: int) -> None:
    """From now on the hub's own clock shows at least this: a store has something of that time in it."""
    _STEADY.not_before(us)
