"""What an inbox promises its customers, and says by itself. `normalizer.service` makes times and words of it."""

from datetime import datetime
from enum import StrEnum

import msgspec

from normalizer.hours import Hours


class Occasion(StrEnum):
    """When an inbox says something by itself."""

    CLOSED = "closed"
    EXPECTED = "expected"
    EMERGENCY = "emergency"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What an inbox has to say to whoever opens a chat."""

    texts: dict[str, str]
    """By language."""
    since: datetime | None = None
    """None: from the beginning."""
    until: datetime | None = None
    """None: until it is taken away."""


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    hours: Hours | None = None
    """None: always open."""
    channel_hours: dict[str, Hours] = {}
    """Of channels that have their own."""
    languages: tuple[str, ...] = ()
    """BCP 47; the first is spoken to whoever speaks none of them."""
    texts: dict[Occasion, dict[str, str]] = {}
    """What is said by itself, by language."""
    targets: dict[str, float] = {}
    """Seconds within which an answer is due, by channel and by priority."""
    remind: float = 0.8
    """The share of a target after which it is reminded of."""
    notice: Notice | None = None
    emergency_words: tuple[str, ...] = ()
    """What makes a message an emergency."""
