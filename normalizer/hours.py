"""Opening hours: when somebody is there to answer. Pure; times given are UTC, times taken have a zone.

Hours are spans on the wall clock of one zone, by weekday, with dates that differ. Where clocks are put back, a time
that comes twice means the first; where they are put forward, one that does not come means the moment of the change. A
span may go on past midnight, and then belongs to the day it begins on. On a special day only its own spans hold: what
began the evening before ends at its midnight. Nobody's hours (None) are always open.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

DAY = 24 * 60
WEEK = timedelta(days=7)
HORIZON = 1830
"""Days looked ahead; what does not open within them does not open."""

Stretch = tuple[datetime, datetime]
"""From an opening, to the closing after it; UTC."""


class Span(msgspec.Struct, frozen=True, order=True):
    """Minutes after midnight on the wall clock; an end beyond 1440 is in the day after."""

    start: int
    end: int


class SpecialDay(msgspec.Struct, frozen=True):
    """A date on which the week does not hold; without spans, a holiday."""

    on: date
    spans: tuple[Span, ...] = ()


ALL_DAY = (Span(0, DAY),)


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    tz: str
    """As the IANA names zones: `Asia/Shanghai`."""
    week: tuple[tuple[Span, ...], ...] = (ALL_DAY,) * 7
    """Monday first."""
    special: tuple[SpecialDay, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.tz)


def zone_named(name: str) -> ZoneInfo | None:
    """None where there is no such zone."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # a path, a folder, a name nobody knows
        return None


def is_open(hours: Hours | None, at: datetime) -> bool:
    return next_opening(hours, at) == at


def next_opening(hours: Hours | None, at: datetime) -> datetime | None:
    """From when on it is open: `at` itself where it is; None where it does not open within five years."""
    if hours is None:
        return at.astimezone(UTC)
    return next((max(start, at.astimezone(UTC)) for start, _ in stretches(hours, at)), None)


def closing(hours: Hours | None, at: datetime) -> datetime | None:
    """When it closes next; None where it is closed, or does not close for a week."""
    end = None
    for start, stop in stretches(hours, at) if hours else ():
        if start > (end or at):
            break
        end = stop
        if end - at > WEEK:
            return None
    return end


def add_open_time(hours: Hours | None, at: datetime, duration: timedelta) -> datetime | None:
    """When so much open time has passed since `at`, at the earliest while it is open; None: not within five years."""
    if hours is None:
        return at.astimezone(UTC) + duration
    for start, end in stretches(hours, at):
        begin = max(start, at.astimezone(UTC))
        if duration <= end - begin:
            return begin + duration
        duration -= end - begin
    return None


def stretches(hours: Hours, at: datetime) -> Iterator[Stretch]:
    """What ends after `at`, in order; one may begin where the one before ends, none before."""
    reached = at - WEEK
    for start, end in _spans(hours, at.astimezone(hours.zone).date() - timedelta(days=2)):
        start = max(start, reached)
        if end > max(start, at):
            reached = end
            yield start, end


def _spans(hours: Hours, first: date) -> Iterator[Stretch]:
    """Every span from a day on, by its beginning; they may overlap, and one may be empty where clocks change."""
    zone, special = hours.zone, _special(hours.special)
    for day in (first + timedelta(days=n) for n in range(HORIZON)):
        ends = DAY if day + timedelta(days=1) in special else 2 * DAY
        for span in special.get(day, hours.week[day.weekday()]):
            yield _instant(zone, day, span.start), _instant(zone, day, min(span.end, ends))


@lru_cache(maxsize=64)
def _special(days: tuple[SpecialDay, ...]) -> Mapping[date, tuple[Span, ...]]:
    return {day.on: day.spans for day in days}


def _instant(zone: ZoneInfo, day: date, minutes: int) -> datetime:
    """When the wall clock of the zone says so, in UTC."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    return instant if _wall(zone, instant) == wall else _change(zone, wall)


def _change(zone: ZoneInfo, wall: datetime) -> datetime:
    """The moment clocks were put forward past a time they never showed, to the second."""
    before, after = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (1, 0))
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        before, after = (before, middle) if _wall(zone, middle) > wall else (middle, after)
    return after


def _wall(zone: ZoneInfo, instant: datetime) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)
