"""Opening hours as people write them: `mon-fri`, `10:00-14:00, 15:00-18:00`, `closed`. Pure."""

import re
from itertools import pairwise
from typing import Any

from normalizer.hours import DAY, Span

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOSED = "closed"
_DAY = f"(?:{'|'.join(DAYS)})"
DAY_KEY = re.compile(f"({_DAY})(?:-({_DAY}))?")
_TIMES = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*[-–]\s*([0-9]{1,2}):([0-9]{2})")
EXPECTED = 'expected times such as "9:00-21:00" or "10:00-14:00, 15:00-18:00", or "closed"'


def spans(said: Any) -> tuple[Span, ...]:
    """From `10:00-14:00, 15:00-18:00`, or `closed`; an end before its beginning is of the next day. Raises ValueError
    with a sentence that says what to write."""
    if said == CLOSED:
        return ()
    if not isinstance(said, str):
        raise ValueError(EXPECTED)
    found = sorted(_span(term.strip()) for term in said.split(","))
    for before, after in pairwise(found):
        if after.start < before.end:
            raise ValueError("these times overlap; write them as one, such as 9:00-18:00")
    return tuple(found)


def _span(term: str) -> Span:
    times = _TIMES.fullmatch(term)
    if times is None:
        raise ValueError(EXPECTED)
    hour, minute, last_hour, last_minute = (int(number) for number in times.groups())
    start, end = hour * 60 + minute, last_hour * 60 + last_minute
    if max(minute, last_minute) > 59 or start >= DAY or end > DAY:
        raise ValueError("expected times from 0:00 to 24:00")
    if start == end:
        raise ValueError("begins and ends at the same time; the whole day is 0:00-24:00")
    return Span(start, end if end > start else end + DAY)


def days_of(key: str) -> list[int]:
    """`mon` or `fri-mon`, as numbers; empty where it is no day."""
    named = DAY_KEY.fullmatch(key)
    if named is None:
        return []
    first, last = DAYS.index(named[1]), DAYS.index(named[2] or named[1])
    return [day % 7 for day in range(first, last + 1 if last >= first else last + 8)]
