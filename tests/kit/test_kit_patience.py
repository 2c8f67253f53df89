"""A channel's schedule of attempts: how long it waits, and when it is over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.patience import Patience

WAITS = st.lists(st.floats(0.5, 1e5), min_size=1, max_size=8).map(tuple)


def test_without_a_schedule_waits_double_up_to_five_minutes_and_attempts_are_counted():
    patience = Patience()
    assert [patience.wait(attempt, 1.0) for attempt in (1, 2, 3, 9, 10, 10_000)] == [1, 2, 4, 256, 300, 300]
    assert patience.wait(3) == 2
    assert [patience.ends(attempt, 3) for attempt in (1, 2, 3, 4)] == [False, False, True, True]


def test_a_schedule_lasts_as_long_as_it_says_whatever_the_number_of_attempts():
    patience = Patience(waits=(1, 5), lasts=17)  # after 1, 6, 11 and 16 seconds
    assert [patience.ends(attempt, 1) for attempt in range(1, 6)] == [False, False, False, False, True]


def test_an_operator_ends_it_sooner_and_never_later():
    patience = Patience(waits=(1, 5), lasts=17)
    assert [patience.ends(attempt, 1, within=6) for attempt in (1, 2, 3)] == [False, False, True]
    assert [patience.ends(attempt, 1, within=1000) for attempt in (4, 5)] == [False, True]
    assert [Patience().ends(attempt, 10, within=4) for attempt in (1, 2, 3, 4)] == [False, False, False, True]


@pytest.mark.parametrize("wrong", [{"lasts": 60}, {"waits": (0,)}, {"waits": (5, -1), "lasts": 60}])
def test_a_schedule_that_never_begins_or_ends_is_none(wrong):
    with pytest.raises(ValueError, match="names its waits"):
        Patience(**wrong)


@given(WAITS, st.integers(1, 50), st.floats(0, 1))
def test_luck_makes_a_wait_longer_by_a_tenth_at_most(waits, attempt, luck):
    patience = Patience(waits=waits)
    assert patience.wait(attempt) <= patience.wait(attempt, luck) <= 1.1 * patience.wait(attempt) + 1e-9
