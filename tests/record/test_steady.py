"""The hub's own clock: with the wall, but never back."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from gateway.store.steady import Steady
from gateway.store.times import SECOND

HOUR = 3600 * SECOND
NOON = 1_800_000_000 * SECOND


@dataclass
class Clocks:
    """A wall that can be set, and what no hand can reach; in microseconds."""

    wall: int = NOON
    steady: int = 7

    def pass_by(self, us: int) -> None:
        self.wall += us
        self.steady += us

    def own(self) -> Steady:
        return Steady(lambda: self.wall * 1000, lambda: self.steady * 1000)


def test_it_goes_with_the_wall() -> None:
    clocks = Clocks()
    own = clocks.own()
    clocks.pass_by(HOUR)
    assert (own.us(), own.ahead_us()) == (NOON + HOUR, 0)


def test_it_follows_a_wall_that_is_set_forward() -> None:
    clocks = Clocks()
    own = clocks.own()
    clocks.wall += HOUR
    assert (own.us(), own.ahead_us()) == (NOON + HOUR, 0)


def test_it_goes_on_when_the_wall_is_set_back_and_loses_a_tenth_until_both_are_one() -> None:
    clocks = Clocks()
    own = clocks.own()
    clocks.wall -= HOUR
    assert (own.us(), own.ahead_us()) == (NOON, HOUR)
    clocks.pass_by(HOUR)
    assert (own.us(), own.ahead_us()) == (NOON + HOUR * 9 // 10, HOUR * 9 // 10)
    clocks.pass_by(9 * HOUR)
    assert (own.us(), own.ahead_us()) == (clocks.wall, 0)


def test_it_begins_no_earlier_than_it_is_told() -> None:
    clocks = Clocks()
    own = clocks.own()
    own.not_before(NOON + HOUR)
    assert (own.us(), own.ahead_us()) == (NOON + HOUR, HOUR)
    own.not_before(NOON)
    assert own.us() == NOON + HOUR


@given(st.lists(st.tuples(st.integers(0, HOUR), st.integers(-2 * HOUR, 2 * HOUR))))
def test_it_is_never_behind_the_wall_nor_behind_itself(steps: list[tuple[int, int]]) -> None:
    clocks = Clocks()
    own = clocks.own()
    last = own.us()
    for passed, set_by in steps:
        clocks.pass_by(passed)
        clocks.wall += set_by
        now = own.us()
        assert now >= max(last + passed * 9 // 10 - 1, clocks.wall)
        last = now
