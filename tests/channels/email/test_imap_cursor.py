"""How far a mailbox was read: nothing is skipped, and nothing taken twice."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.channels.email.imap_cursor import MOST_GAPS, WINDOW, Cursor, begin, read, write

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
THEN = NOW - timedelta(hours=1)


def at(uid: int, **more) -> Cursor:
    return Cursor(**{"mailbox": "m", "uidvalidity": 7, "uid": uid, "at": THEN, **more})


def test_a_mailbox_is_begun_at_its_end():
    assert begin("m", 7, 42, NOW, 0) == Cursor(mailbox="m", uidvalidity=7, uid=41, at=NOW)


def test_or_so_many_days_before():
    began = begin("m", 7, 42, NOW, 3)
    assert began == Cursor(mailbox="m", uidvalidity=7, uid=0, at=NOW - timedelta(days=3), since=date(2026, 11, 18))


def test_a_mail_taken_moves_the_cursor_and_remembers_who_was_not_there():
    assert at(5).took(9, NOW, NOW, done=True) == at(9, at=NOW, gaps=((6, 8),), done=(9,))


def test_a_late_mail_fills_its_gap_and_moves_nothing():
    late = at(9, gaps=((6, 8),))
    assert [late.takes(uid) for uid in (5, 6, 8, 9, 10)] == [False, True, True, False, True]
    assert late.took(7, THEN, NOW, done=False) == at(9, gaps=((6, 6), (8, 8)))


def test_while_the_past_is_read_nothing_is_a_gap():
    past = at(0, since=date(2026, 11, 18))
    assert past.took(9, THEN, NOW, done=False).past(12).at_end() == at(12)


def test_a_mail_from_the_future_does_not_move_the_day():
    assert at(5).took(6, NOW + timedelta(days=300), NOW, done=False).at == NOW


@pytest.mark.parametrize(("mailbox", "uidvalidity"), [("m", 8), ("other", 7)])
def test_another_mailbox_is_read_from_two_days_before_the_newest_mail(mailbox, uidvalidity):
    before = at(9, gaps=((6, 8),), done=(9,))
    assert not before.is_of(mailbox, uidvalidity)
    assert before.anew(mailbox, uidvalidity) == Cursor(
        mailbox=mailbox, uidvalidity=uidvalidity, uid=0, at=THEN, since=date(2026, 11, 19)
    )


def test_gaps_are_remembered_for_a_while_and_not_without_end():
    cursor = at(0)
    for uid in range(2, 3 * WINDOW, 2):
        cursor = cursor.took(uid, NOW, NOW, done=False)
    assert len(cursor.gaps) == MOST_GAPS
    assert cursor.past(10**9).gaps == ((10**9 - WINDOW + 1, 10**9),)
    assert len(write(cursor)) < 2000


@given(st.lists(st.tuples(st.integers(1, 60), st.booleans()), max_size=40), st.integers(0, 60))
def test_whatever_order_mails_appear_in_each_is_taken_once_and_none_is_lost(appearing, end):
    """A server that shows UIDs in any order within the window, asked after each."""
    cursor, there, taken = at(0), set(), []
    for uid, looks in appearing:
        there.add(uid)
        if looks:
            for each in sorted(each for each in there if cursor.takes(each)):
                cursor = cursor.took(each, NOW, NOW, done=False)
                taken.append(each)
            cursor = cursor.past(max([*there, end]))
        assert read(write(cursor)) == cursor
    for each in sorted(each for each in there if cursor.takes(each)):
        cursor = cursor.took(each, NOW, NOW, done=False)
        taken.append(each)
    assert sorted(taken) == sorted(there)
