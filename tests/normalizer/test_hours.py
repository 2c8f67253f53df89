"""Opening hours, by a clock that is read minute by minute, and on the days clocks are changed."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from normalizer.hours import DAY, Hours, Span, SpecialDay, add_open_time, closing, is_open, next_opening

NEW_YORK = ZoneInfo("America/New_York")
MINUTE = timedelta(minutes=1)
EVENING = Span(22 * 60, 30 * 60)
"""From ten in the evening to six in the morning."""
ZONES = ("Asia/Shanghai", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
START = datetime(2026, 3, 5, tzinfo=UTC)


def daily(*spans: Span, tz: str = "UTC", **more) -> Hours:
    return Hours(tz=tz, week=(spans,) * 7, **more)


def utc(*numbers: int) -> datetime:
    return datetime(*numbers, tzinfo=UTC)


@st.composite
def spans(draw):
    start = draw(st.integers(0, DAY - 1))
    return Span(start, start + draw(st.integers(1, DAY)))


moments = st.integers(0, 40 * DAY).map(lambda minutes: START + minutes * MINUTE)
weeks = st.lists(st.lists(spans(), max_size=3).map(lambda each: tuple(sorted(each))), min_size=7, max_size=7).map(tuple)
specials = st.dictionaries(
    st.integers(0, 40).map(lambda n: START.date() + timedelta(days=n)),
    st.lists(spans(), max_size=2).map(lambda each: tuple(sorted(each))),
    max_size=3,
).map(lambda days: tuple(SpecialDay(on, spans) for on, spans in sorted(days.items())))
hours = st.builds(Hours, tz=st.sampled_from(ZONES), week=weeks, special=specials)
plain = st.builds(Hours, tz=st.sampled_from(("Asia/Shanghai", "UTC", "Asia/Kathmandu")), week=weeks, special=specials)
durations = st.integers(0, 3 * DAY).map(lambda minutes: minutes * MINUTE)


def by_the_wall(hours: Hours, at: datetime) -> bool:
    """Whether the wall clock says so: what the words mean where no clock is changed."""
    there = at.astimezone(ZoneInfo(hours.tz))
    special = {day.on: day.spans for day in hours.special}
    today, minute = there.date(), there.hour * 60 + there.minute
    if any(span.start <= minute < span.end for span in special.get(today, hours.week[today.weekday()])):
        return True
    before = today - timedelta(days=1)
    evening = special.get(before, hours.week[before.weekday()])
    return today not in special and any(minute + DAY < span.end for span in evening)


def open_minutes(hours: Hours, start: datetime, end: datetime) -> int:
    return sum(is_open(hours, start + n * MINUTE) for n in range((end - start) // MINUTE))


@given(plain, moments)
def test_open_is_what_the_wall_clock_says(hours, at):
    assert is_open(hours, at) == by_the_wall(hours, at)


@given(hours, moments)
@settings(max_examples=30)
def test_the_next_opening_is_open_and_nothing_before_it_is(hours, at):
    opens = next_opening(hours, at)
    assume(opens is not None and opens - at < timedelta(days=3))
    assert is_open(hours, opens)
    assert open_minutes(hours, at, opens) == 0


@given(hours, moments)
@settings(max_examples=30)
def test_the_closing_is_closed_and_everything_before_it_is_open(hours, at):
    closes = closing(hours, at)
    assume(closes is not None and closes - at < timedelta(days=3))
    assert not is_open(hours, closes)
    assert open_minutes(hours, at, closes) == (closes - at) // MINUTE


@given(hours, moments, durations)
@settings(max_examples=20)
def test_adding_open_time_is_undone_by_counting_it(hours, at, duration):
    due = add_open_time(hours, at, duration)
    assume(due is not None and due - at < timedelta(days=14))
    assert open_minutes(hours, at, due) * MINUTE == duration


@given(hours, moments, durations, durations)
def test_more_open_time_is_later_and_sums_add_up(hours, at, one, two):
    first, both = add_open_time(hours, at, one), add_open_time(hours, at, one + two)
    assume(first is not None and both is not None)
    assert at <= first <= both
    assert add_open_time(hours, first, two) == both


@given(hours, moments, moments, durations)
def test_who_comes_earlier_is_not_answered_later(hours, one, two, duration):
    early, late = (add_open_time(hours, at, duration) for at in sorted((one, two)))
    assume(late is not None)
    assert early is not None
    assert early <= late


@given(st.sampled_from(ZONES), moments, durations)
def test_without_hours_and_with_all_of_them_it_is_always_open(tz, at, duration):
    for always in (None, Hours(tz=tz)):
        assert (is_open(always, at), next_opening(always, at), closing(always, at)) == (True, at, None)
        assert add_open_time(always, at, duration) == at + duration


def test_an_overnight_span_belongs_to_the_evening_it_begins_on():
    friday = Hours(tz="UTC", week=((),) * 4 + ((EVENING,), (), ()))
    assert is_open(friday, utc(2026, 11, 21, 5, 59))
    assert not is_open(friday, utc(2026, 11, 21, 6))
    assert not is_open(friday, utc(2026, 11, 20, 5))
    assert add_open_time(friday, utc(2026, 11, 20, 23), timedelta(hours=8)) == utc(2026, 11, 27, 23)


def test_a_holiday_is_closed_from_midnight_to_midnight():
    hours = daily(EVENING, special=(SpecialDay(date(2026, 12, 25)),))
    assert closing(hours, utc(2026, 12, 24, 23)) == utc(2026, 12, 25)
    assert next_opening(hours, utc(2026, 12, 25)) == utc(2026, 12, 26, 22)


def test_a_special_day_has_hours_of_its_own():
    hours = daily(Span(540, 1260), special=(SpecialDay(date(2026, 12, 24), (Span(540, 840),)),))
    assert closing(hours, utc(2026, 12, 24, 10)) == utc(2026, 12, 24, 14)


def test_a_night_is_shorter_when_clocks_go_forward_and_longer_when_they_go_back():
    hours = daily(EVENING, tz="America/New_York")
    for evening, length in ((date(2026, 3, 7), 7), (date(2026, 10, 31), 9), (date(2026, 11, 1), 8)):
        opens = datetime(evening.year, evening.month, evening.day, 22, tzinfo=NEW_YORK)
        closes = closing(hours, opens)
        assert closes is not None
        assert closes - opens.astimezone(UTC) == timedelta(hours=length)
        assert closes.astimezone(NEW_YORK).hour == 6


def test_a_time_that_does_not_come_is_the_moment_of_the_change():
    hours = daily(Span(150, 195), tz="America/New_York")  # 2:30 to 3:15; at 2:00 it is 3:00
    change = utc(2026, 3, 8, 7)
    assert next_opening(hours, utc(2026, 3, 8, 5)) == change
    assert closing(hours, change) == utc(2026, 3, 8, 7, 15)


def test_a_span_that_does_not_come_at_all_is_left_out():
    hours = Hours(tz="America/New_York", week=((),) * 6 + ((Span(120, 180),),))
    assert next_opening(hours, utc(2026, 3, 8, 5)) == utc(2026, 3, 15, 6)


def test_a_time_that_comes_twice_means_the_first():
    hours = Hours(tz="America/New_York", week=((),) * 6 + ((Span(60, 90),),))
    assert next_opening(hours, utc(2026, 11, 1, 4)) == utc(2026, 11, 1, 5)
    assert closing(hours, utc(2026, 11, 1, 5)) == utc(2026, 11, 1, 5, 30)


def test_a_day_the_calendar_skipped_has_no_hours():
    hours = daily(Span(540, 1020), tz="Pacific/Apia")  # 30 December 2011 did not come
    closes = datetime(2011, 12, 29, 17, tzinfo=ZoneInfo("Pacific/Apia")).astimezone(UTC)
    opens = next_opening(hours, closes)
    assert opens == datetime(2011, 12, 31, 9, tzinfo=ZoneInfo("Pacific/Apia")).astimezone(UTC)
    assert opens - closes == timedelta(hours=16)


@pytest.mark.parametrize("week", [((),) * 7, ((), ()) + ((),) * 5])
def test_what_never_opens_says_so(week):
    hours = Hours(tz="UTC", week=week)
    at = utc(2026, 11, 21)
    assert (is_open(hours, at), next_opening(hours, at), closing(hours, at)) == (False, None, None)
    assert add_open_time(hours, at, MINUTE) is None
