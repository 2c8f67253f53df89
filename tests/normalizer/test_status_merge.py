from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from normalizer.status import Standing, Status, merge

STANDINGS = st.builds(Standing, attempt=st.integers(1, 5), status=st.sampled_from(Status))


@given(STANDINGS, STANDINGS)
def test_it_does_not_matter_which_report_was_heard_first(one, other):
    assert merge(one, other) == merge(other, one)


@given(STANDINGS, STANDINGS, STANDINGS)
def test_it_does_not_matter_how_reports_are_grouped(one, two, three):
    assert merge(merge(one, two), three) == merge(one, merge(two, three))


@given(STANDINGS, STANDINGS)
def test_a_report_heard_twice_changes_nothing(one, other):
    assert merge(one, one) == one
    assert merge(merge(one, other), other) == merge(one, other)


def test_late_accepted_does_not_undo_delivered():
    delivered, accepted = Standing(1, Status.DELIVERED), Standing(1, Status.ACCEPTED)
    assert merge(delivered, accepted) == delivered


def test_a_new_attempt_starts_over_whatever_became_of_the_last():
    assert merge(Standing(1, Status.FAILED), Standing(2, Status.QUEUED)) == Standing(2, Status.QUEUED)


def test_every_order_of_a_whole_life_ends_read():
    life = [Standing(1, status) for status in (Status.SENDING, Status.ACCEPTED, Status.DELIVERED, Status.READ)]
    for order in permutations(life):
        standing = Standing(1, Status.QUEUED)
        for report in order:
            standing = merge(standing, report)
        assert standing == Standing(1, Status.READ)
