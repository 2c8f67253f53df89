"""The newest events in memory, for who follows the feed."""

from hypothesis import given
from hypothesis import strategies as st

from gateway import recent
from gateway.recent import Item, Recent, item_of


def items(first: int, count: int, octets: int = 10) -> list[Item]:
    return [Item(n, "message.received", b"x" * octets) for n in range(first, first + count)]


def positions(found: list[Item] | None) -> list[int] | None:
    return None if found is None else [item.position for item in found]


def test_an_item_has_its_position_written_in() -> None:
    assert item_of(7, "message.received", b'{"id":"a"}') == Item(7, "message.received", b'{"position":"7","id":"a"}')


def test_what_is_remembered_is_read_from_any_position_within_and_nothing_from_before() -> None:
    kept = Recent()
    assert kept.after(0, 10) is None
    kept.add(items(11, 5))
    assert kept.after(9, 10) is None
    assert positions(kept.after(10, 10)) == [11, 12, 13, 14, 15]
    assert positions(kept.after(12, 2)) == [13, 14]
    assert positions(kept.after(15, 10)) == []


def test_after_a_gap_it_begins_anew() -> None:
    kept = Recent()
    kept.add(items(1, 5))
    kept.add(items(8, 2))
    assert kept.after(5, 10) is None
    assert positions(kept.after(7, 10)) == [8, 9]


def test_large_events_are_kept_by_their_octets() -> None:
    kept = Recent()
    kept.add(items(1, 40, octets=1 << 20))
    found = kept.after(39, 1)
    assert positions(found) == [40]
    assert kept.after(40 - recent.MOST_OCTETS // (1 << 20) - 1, 1) is None


@given(st.lists(st.integers(0, 3_000), max_size=12))
def test_the_newest_are_always_there_in_order_and_never_too_many(batches: list[int]) -> None:
    kept, newest = Recent(), 0
    for count in batches:
        kept.add(items(newest + 1, count))
        newest += count
        expected = min(newest, recent.MOST)
        found = kept.after(newest - expected, 2 * recent.MOST + 1)
        if newest:
            assert positions(found) == list(range(newest - expected + 1, newest + 1))
            assert kept.after(newest - 2 * recent.MOST - 1, 1) is None
