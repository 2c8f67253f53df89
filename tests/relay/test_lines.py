"""Conversations keep their order, urgent events overtake others' and never their own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.relay.events import Event, Head
from gateway.relay.lines import Entry, Lines


def event(position: int, partition: str = "a", *, urgent: bool = False, size: int = 0) -> Event:
    head = Head(
        id=f"event-{position}",
        source=f"/conversations/{partition}",
        partitionkey=partition,
        priority="high" if urgent else "normal",
    )
    return Event(position, "message.received", b'{"said":"%b"}' % (b"x" * size), head)


def lined_up(*events: Event, pipelined: bool = False) -> Lines:
    lines = Lines(pipelined=pipelined)
    for one in events:
        lines.add(Entry(one))
    return lines


def taken(lines: Lines) -> list[int]:
    """What may leave now."""
    return [entry.event.position for entry in iter(lines.take, None)]


def test_one_of_each_conversation_may_leave_and_then_the_next_of_those_that_did() -> None:
    lines = lined_up(event(1, "a"), event(2, "b"), event(3, "a"), event(4, "b"))
    first, second = lines.take(), lines.take()
    assert first
    assert second
    assert (first.event.position, second.event.position, lines.take()) == (1, 2, None)
    lines.finish(second)
    assert taken(lines) == [4]
    lines.finish(first)
    assert taken(lines) == [3]


def test_in_a_pipeline_all_may_leave_in_the_order_of_the_feed() -> None:
    assert taken(lined_up(*(event(n, "ab"[n % 2]) for n in range(1, 7)), pipelined=True)) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(("pipelined", "order"), [(False, [2, 1, 3]), (True, [2, 4, 5, 1, 3])])
def test_an_urgent_event_takes_its_own_conversation_along(pipelined: bool, order: list[int]) -> None:
    events = [event(1, "a"), event(2, "b"), event(3, "c"), event(4, "b"), event(5, "b", urgent=True)]
    assert taken(lined_up(*events, pipelined=pipelined)) == order


def test_only_urgent_ones_are_taken_where_only_those_may_leave() -> None:
    lines = lined_up(event(1, "a"), event(2, "b", urgent=True))
    urgent = lines.take(urgent=True)
    assert urgent
    assert urgent.event.position == 2
    assert lines.take(urgent=True) is None


def test_one_that_was_not_taken_is_tried_after_another_conversation() -> None:
    lines = lined_up(event(1, "a"), event(2, "b"), event(3, "a"))
    first = lines.take()
    assert first
    lines.back(first)
    assert taken(lines) == [2, 1]


def test_what_comes_back_to_a_pipeline_leaves_in_order_again() -> None:
    lines = lined_up(*(event(n, "ab"[n % 2]) for n in range(1, 6)), pipelined=True)
    away = list(iter(lines.take, None))
    lines.finish(away[0])
    for entry in reversed(away[1:]):
        lines.back(entry)
    assert taken(lines) == [2, 3, 4, 5]


def test_a_held_line_goes_as_a_whole() -> None:
    lines = lined_up(event(1, "a"), event(2, "b"), event(3, "a"))
    first = lines.take()
    assert first
    assert [entry.event.position for entry in lines.hold("a")] == [1, 3]
    assert "a" not in lines
    assert lines.count == 1
    assert taken(lines) == [2]


@given(st.data())
def test_every_conversation_leaves_in_order_whatever_happens(data: st.DataObject) -> None:
    pipelined = data.draw(st.booleans())
    lines, left, away = Lines(pipelined=pipelined), dict[str, list[int]](), list[Entry]()
    expected: dict[str, list[int]] = {}
    for position in range(1, data.draw(st.integers(1, 30))):
        partition = data.draw(st.sampled_from("abc"))
        lines.add(Entry(event(position, partition, urgent=data.draw(st.booleans()))))
        expected.setdefault(partition, []).append(position)
        for _ in range(data.draw(st.integers(0, 3))):
            _step(data, lines, away, left, pipelined=pipelined)
    while lines.count:
        _step(data, lines, away, left, pipelined=pipelined, success=True)
    assert left == expected


def _step(
    data: st.DataObject,
    lines: Lines,
    away: list[Entry],
    left: dict[str, list[int]],
    *,
    pipelined: bool,
    success: bool = False,
) -> None:
    """Something leaves, or what left is taken, or comes back; a pipeline loses all or nothing."""
    if entry := lines.take(urgent=not success and data.draw(st.booleans())):
        away.append(entry)
    elif away and not success and data.draw(st.booleans()):
        for lost in away if pipelined else away[:1]:
            lines.back(lost)
        del away[: None if pipelined else 1]
    elif away:
        done = away.pop(0)
        left.setdefault(done.event.partition, []).append(done.event.position)
        lines.finish(done)
