"""Messages in pieces: durable at once, one message in the end."""

import itertools
from datetime import timedelta

import pytest

from gateway.record.fragments import QUIET, Whole, put_together
from normalizer.inbound import Fragment, Media
from normalizer.parts import MediaKind
from tests.record.conftest import AT, Store, said


def photo(n: int, text: str = "", count: int | None = None):
    media = (Media(source=f"file{n}", kind=MediaKind.IMAGE, media_type="image/jpeg"),)
    return said(
        text,
        n,
        media=media,
        fragment=Fragment(group="7:album", order=n, count=count),
        occurred_at=AT + timedelta(seconds=n),
    )


def assemble(store: Store) -> None:
    store.writer.submit(put_together, Whole(store.place, "7:album")).result(10)


def fall_quiet(store: Store) -> None:
    """As if the quiet second had passed."""

    def apply(transaction, items):
        transaction.change("UPDATE timers SET due_at = due_at - ?", QUIET + 1)
        return items

    store.writer.submit(apply, None).result(10)


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))))
def test_an_album_is_one_message_in_whatever_order_it_came(store: Store, order: tuple[int, ...]) -> None:
    for n in order:
        store.record(photo(n, "three photos" if n == 1 else ""))
    assert store.types() == []
    fall_quiet(store)
    assemble(store)
    message = store.events()[-1]["data"]["message"]
    assert message["text"] == "three photos"
    assert message["external_ids"] == ["7:1", "7:2", "7:3"]
    assert [part["kind"] for part in message["parts"]] == ["image"] * 3
    sources = "SELECT source FROM attachments ORDER BY id"
    assert store.rows(sources) == [("file1",), ("file2",), ("file3",)]


def test_pieces_are_durable_before_they_are_put_together(store: Store) -> None:
    store.record(photo(1))
    assert store.rows("SELECT count(*) FROM fragments") == [(1,)]
    assert store.rows("SELECT kind, subject FROM timers") == [("assemble", "support\n7:album")]


def test_nothing_is_put_together_before_the_quiet_second(store: Store) -> None:
    store.record(photo(1))
    assemble(store)
    assert store.types() == []


def test_a_complete_set_does_not_wait(store: Store) -> None:
    store.record(photo(1, count=2))
    store.record(photo(2, count=2))
    assemble(store)
    assert store.types()[-1] == "message.received"


def test_putting_together_twice_records_once(store: Store) -> None:
    store.record(photo(1))
    fall_quiet(store)
    assemble(store)
    assemble(store)
    assert store.types().count("message.received") == 1


def test_a_latecomer_arrives_as_an_edit(store: Store) -> None:
    store.record(photo(1, "photos"))
    fall_quiet(store)
    assemble(store)
    store.record(photo(2))
    event = store.events()[-1]
    assert event["type"] == "onethread.message.edited.v1"
    assert event["data"]["message"]["text"] == "photos"
    assert len(event["data"]["message"]["parts"]) == 2
    assert store.rows("SELECT count(*) FROM attachments") == [(2,)]


def test_an_album_without_a_word_still_reads(store: Store) -> None:
    for n in (1, 2):
        store.record(photo(n))
    fall_quiet(store)
    assemble(store)
    assert store.events()[-1]["data"]["message"]["text"] == "[image] [image]"
    store.record(photo(3, "at last a caption"))
    assert store.events()[-1]["data"]["message"]["text"] == "at last a caption"


def piece(key: str, text: str, order: int, count: int = 2):
    fragment = Fragment(group="7:album", order=order, count=count)
    return said(text, key=f"message:{key}", external_id=key, fragment=fragment)


def received(store: Store) -> list[str]:
    return [
        event["data"]["message"]["text"] for event in store.events() if event["type"] == "onethread.message.received.v1"
    ]


def edited(store: Store) -> list[str]:
    return [event["data"]["message"]["text"] for event in store.events() if ".edited." in event["type"]]


def grow_old(store: Store, days: float) -> None:
    def apply(transaction, items):
        transaction.change("UPDATE fragments SET received_at = received_at - ?", int(days * 86_400_000_000))
        return items

    store.writer.submit(apply, None).result(10)


def test_a_number_that_a_phone_uses_again_begins_another_message(store: Store) -> None:
    for key, text, order in (("a", "one ", 1), ("b", "two", 2), ("c", "three ", 1), ("d", "four", 2)):
        store.record(piece(key, text, order))
        assemble(store)
    assert received(store) == ["one two", "three four"]
    assert edited(store) == []
    keys = "SELECT count(*) FROM arrivals WHERE key LIKE 'fragment:7:album%' AND message_id IS NOT NULL"
    assert store.rows(keys) == [(2,)]


def test_both_messages_of_one_number_may_come_at_once(store: Store) -> None:
    store.record(piece("a", "one ", 1), piece("b", "two", 2))
    fall_quiet(store)
    assemble(store)
    store.record(piece("d", "four", 2), piece("c", "three ", 1))
    fall_quiet(store)
    assemble(store)
    assert received(store) == ["one two", "three four"]


def test_what_was_forgotten_of_a_message_leaves_it_as_it_is(store: Store) -> None:
    """Pieces are dropped after a while, and the message that was made of them stands for good."""
    store.record(piece("a", "one ", 1), piece("b", "two", 2))
    fall_quiet(store)
    assemble(store)

    def apply(transaction, items):
        transaction.change("DELETE FROM fragments")
        return items

    store.writer.submit(apply, None).result(10)
    store.record(piece("c", "three", 1))
    fall_quiet(store)
    assemble(store)
    assert received(store) == ["one two", "three"]
    assert edited(store) == []


def test_a_numbered_piece_that_was_missed_joins_its_message(store: Store) -> None:
    store.record(piece("a", "one ", 1))
    fall_quiet(store)
    assemble(store)
    store.record(piece("b", "two", 2))
    assert received(store) == ["one "]
    assert edited(store) == ["one two"]


def test_a_numbered_piece_that_was_missed_for_more_than_a_day_is_of_another_message(store: Store) -> None:
    store.record(piece("a", "one ", 1))
    fall_quiet(store)
    assemble(store)
    grow_old(store, 1.1)
    store.record(piece("b", "two", 2))
    fall_quiet(store)
    assemble(store)
    assert received(store) == ["one ", "two"]
    assert edited(store) == []


def test_pieces_of_messages_of_another_length_are_kept_apart(store: Store) -> None:
    store.record(piece("a", "one ", 1, count=3))
    fall_quiet(store)
    assemble(store)
    store.record(piece("b", "two", 2, count=2))
    fall_quiet(store)
    assemble(store)
    assert received(store) == ["one ", "two"]
