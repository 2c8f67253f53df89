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
