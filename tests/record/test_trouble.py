"""Poison, quarantine, a store in trouble: accepted or refused honestly, and nobody else harmed."""

import sqlite3
from random import Random

import pytest

from connectors.kit.base import Outcome
from gateway.record.arrivals import record
from gateway.store.engine import writing
from gateway.store.writer import Closed, Overloaded, Writer
from normalizer.inbound import Ignored, Unreadable
from tests.record.conftest import Store, said


def poison():
    """A message no store can keep: its text is no text."""
    return said(object(), 99)


def test_what_cannot_be_read_is_quarantined_item_by_item(store: Store) -> None:
    unread = Unreadable(key="u1", slice=b"{broken", reason="not JSON")
    assert store.record(said("hello"), unread).outcome == Outcome.RECORDED
    assert store.rows("SELECT key, reason, slice, state FROM quarantine") == [("u1", "not JSON", b"{broken", "open")]
    assert store.types()[-1] == "message.received"


def test_a_request_of_nothing_readable_says_so(store: Store) -> None:
    assert store.record(Unreadable(key="u1", slice=b"x", reason="no")).outcome == Outcome.QUARANTINED


def test_what_is_deliberately_ignored_is_deduplicated_and_leaves_no_event(store: Store) -> None:
    item = Ignored(key="i1", reason="poll answer")
    assert store.record(item).outcome == Outcome.RECORDED
    assert store.record(item).outcome == Outcome.DUPLICATE
    assert store.types() == []


def test_an_item_the_store_refuses_is_quarantined_with_its_bytes(store: Store) -> None:
    assert store.record(poison()).outcome == Outcome.QUARANTINED
    [(slice_, reason)] = store.rows("SELECT slice, reason FROM quarantine")
    assert slice_ == b"raw"
    assert reason.startswith("could not be recorded: ")
    assert store.rows("SELECT count(*) FROM messages") == [(0,)]
    assert store.types() == []


def test_a_poisonous_item_harms_no_other_of_its_batch(store: Store) -> None:
    blocked = store.writer.submit(lambda _, items: [_pause() for _ in items], None)
    futures = [store.writer.submit(record, store.arrival(said(f"{n}", n, sender=f"{n}"))) for n in range(5)]
    futures.insert(2, store.writer.submit(record, store.arrival(poison())))
    blocked.result(10)
    assert [future.result(10).outcome for future in futures].count(Outcome.QUARANTINED) == 1
    assert store.types().count("message.received") == 5


def _pause() -> None:
    import time

    time.sleep(0.05)


def test_past_its_capacity_the_writer_takes_nothing(store: Store) -> None:
    writer = Writer(store.engine, capacity=0)
    with pytest.raises(Overloaded):
        writer.submit(record, store.arrival(said("hello")))


def test_a_stopped_writer_takes_nothing_and_has_written_what_it_took(store: Store) -> None:
    futures = [store.writer.submit(record, store.arrival(said(f"{n}", n))) for n in range(20)]
    store.writer.stop()
    assert all(future.done() for future in futures)
    with pytest.raises(Closed):
        store.record(said("late", 21))
    assert store.types().count("message.received") == 20


@pytest.mark.engine("sqlite")
def test_a_store_in_trouble_is_told_as_such_and_nothing_is_half_written(store: Store) -> None:
    with writing(store.engine) as connection:
        connection.exec_driver_sql("ALTER TABLE message_heads RENAME TO elsewhere")
    with pytest.raises(sqlite3.OperationalError):
        store.record(said("hello"))
    with writing(store.engine) as connection:
        connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO message_heads")
    assert store.rows("SELECT count(*) FROM raws") == [(0,)]
    assert store.record(said("hello")).outcome == Outcome.RECORDED


def endless() -> str:
    return Random(1).randbytes(5000).hex()  # it cannot be compressed


@pytest.mark.parametrize("field", ["key", "external_id", "sender"])
def test_a_name_longer_than_an_index_takes_harms_no_other_item_of_its_request(store: Store, field: str) -> None:
    twice = [store.record(said("endless", 1, **{field: endless()}), said("hello", 2)).outcome for _ in range(2)]
    assert twice == [Outcome.RECORDED, Outcome.DUPLICATE]
    heard = [event["data"]["message"]["text"] for event in store.events() if "message.received" in event["type"]]
    assert heard == ["hello"]
    assert store.rows("SELECT reason, slice FROM quarantine") == [("a name in it has more than 2000 octets", b"raw")]


def test_what_no_index_takes_anywhere_else_is_the_items_fault_and_not_the_stores(store: Store) -> None:
    answered = store.record(said("hello", references=(endless(),))).outcome
    assert answered in (Outcome.RECORDED, Outcome.QUARANTINED)
    assert store.record(said("after", 2)).outcome == Outcome.RECORDED
