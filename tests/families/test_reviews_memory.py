"""What is remembered of reviews, and how one reads."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.families.reviews import MOST, Found, Memory, OneAnswer, compare, kept, marked, recall, review, told
from connectors.kit.base import Outbound
from connectors.kit.errors import Refused
from normalizer.inbound import Address
from normalizer.payload import Payload

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
EMPTY = Memory(began=0)


def found(name: str, mark: str = "a", at: datetime = NOW) -> Found:
    return Found(name, mark, at, b"{}")


LISTS = st.lists(
    st.builds(found, st.sampled_from("abcdef"), st.sampled_from("xy")), max_size=12, unique_by=lambda one: one.name
)


@given(st.lists(LISTS, max_size=5))
def test_each_is_new_once_and_edited_whenever_it_reads_otherwise(looks: list[list[Found]]) -> None:
    memory, read = EMPTY, {}
    for look in looks:
        news = compare(memory, look)
        memory = recall(kept(news.memory), NOW, 7)
        assert {one.name for one in news.new} == {one.name for one in look if one.name not in read}
        assert {one.name for one in news.edited} == {
            one.name for one in look if read.get(one.name, one.digest) != one.digest
        }
        read |= {one.name: one.digest for one in look}
        assert compare(memory, look) == (memory, (), ())


def test_the_oldest_comes_first_and_what_was_before_the_beginning_not_at_all() -> None:
    memory = recall(None, NOW, 7)
    look = [found("new"), found("older", at=NOW - timedelta(days=6)), found("too old", at=NOW - timedelta(days=8))]
    assert [one.name for one in compare(memory, look).new] == ["older", "new"]


def test_the_memory_is_bounded_and_forgets_what_it_heard_of_first() -> None:
    memory = compare(EMPTY, [found(f"{n:05}", at=NOW + timedelta(seconds=n)) for n in range(MOST + 5)]).memory
    assert [one.name for one in memory.seen[:1]] == ["00005"]
    assert len(memory.seen) == MOST


@pytest.mark.parametrize("cursor", [None, "", "12345", "?", "[]"])
def test_another_cursor_is_as_none(cursor: str | None) -> None:
    assert recall(cursor, NOW, 7) == Memory(began=int((NOW - timedelta(days=7)).timestamp()))


@pytest.mark.parametrize(
    ("rating", "title", "body", "reads"),
    [
        (2, "Crashes", "Always", "★★☆☆☆ Crashes — Always"),
        (5, "", " Good ", "★★★★★ Good"),
        (1, "Bad", None, "★☆☆☆☆ Bad"),
        (3, None, "", "★★★☆☆"),
    ],
)
def test_stars_stand_before_the_words(rating: int, title: str | None, body: str | None, reads: str) -> None:
    assert told(rating, title, body) == reads


def test_a_review_holds_no_more_than_was_said() -> None:
    assert review({"rating": 2, "title": "", "body": None, "version": 0}).data == {"rating": 2, "version": 0}


@pytest.mark.parametrize(
    ("header", "edited"), [("new,edited", [False, True]), ("new", [False, False]), ("", [False, False])]
)
def test_what_nobody_said_of_a_batch_is_new(header: str, edited: list[bool]) -> None:
    assert marked({"news": header}, 2) == edited


def outbound(token: str, message: str, text: str = "Sorry!") -> Outbound:
    return Outbound(token=token, address=Address(scheme="x", value="1"), payload=Payload(text=text), message_id=message)


def test_only_one_piece_of_a_message_is_the_answer() -> None:
    answers = OneAnswer()
    assert answers.must_be_whole(outbound("1.0", "m1")) == "Sorry!"
    assert answers.must_be_whole(outbound("1.0", "m1")) == "Sorry!"
    assert answers.must_be_whole(outbound("2.0", "m2")) == "Sorry!"
    with pytest.raises(Refused):
        answers.must_be_whole(outbound("1.1", "m1"))
    with pytest.raises(Refused):
        answers.must_be_whole(outbound("3.0", "m3", ""))
