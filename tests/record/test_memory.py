"""What the writer remembers is never older than the store."""

import msgspec
import pytest

from gateway.record.arrivals import record
from gateway.record.cases import Cases
from gateway.record.people import People
from gateway.store.engine import writing
from gateway.store.memory import MOST, Memory, touches
from tests.record.conftest import Store, peer, said


def sequence_of(store: Store) -> int:
    def look(transaction, items):
        (id_,) = transaction.row("SELECT id FROM conversations")
        return [Cases(transaction).get(id_).sequence for _ in items]

    return store.writer.submit(look, None).result(10)


def test_a_change_by_another_connection_is_seen(store: Store) -> None:
    store.record(said("one", 1))
    with writing(store.engine) as connection:
        connection.exec_driver_sql("UPDATE conversations SET priority = 'high'")
    store.record(said("two", 2))
    assert [event["priority"] for event in store.events()[-2:]] == ["normal", "high"]


def test_a_statement_past_the_working_sets_is_seen_in_the_same_transaction(store: Store) -> None:
    store.record(said("one", 1))

    def past(transaction, items):
        place = store.arrival(said("two", 2)).place
        before = People(transaction, place)
        before.load(["7"])
        transaction.change("UPDATE routes SET blocked = TRUE")
        transaction.flush()
        after = People(transaction, place)
        after.load(["7"])
        return [(before.at("7"), after.at("7")) for _ in items]

    before, after = store.writer.submit(past, None).result(10)
    assert (before.blocked, after.blocked) == (0, 1)


def test_what_was_undone_is_forgotten(store: Store) -> None:
    store.record(said("one", 1))
    present = sequence_of(store)

    def advance_and_fail(transaction, items):
        (id_,) = transaction.row("SELECT id FROM conversations")
        cases = Cases(transaction)
        cases.advance(cases.get(id_))
        raise ValueError("undone")

    with pytest.raises(ValueError, match="undone"):
        store.writer.submit(advance_and_fail, None).result(10)
    assert sequence_of(store) == present


def test_a_part_that_was_undone_is_forgotten(store: Store) -> None:
    store.record(said("one", 1))
    present = sequence_of(store)

    def advance_in_vain(transaction, items):
        (id_,) = transaction.row("SELECT id FROM conversations")
        try:
            with transaction.attempt():
                cases = Cases(transaction)
                cases.advance(cases.get(id_))
                raise ValueError("undone")
        except ValueError:
            return [Cases(transaction).get(id_).sequence for _ in items]

    assert store.writer.submit(advance_in_vain, None).result(10) == present
    futures = [store.writer.submit(record, store.arrival(said("two", 2)))]
    assert [future.result(10).outcome for future in futures] == ["recorded"]
    sequences = [int(event["sequence"]) for event in store.events() if event.get("sequence")]
    assert sequences == list(range(1, len(sequences) + 1))


def test_a_second_thread_of_the_same_person_is_found_though_the_first_is_remembered(store: Store) -> None:
    elsewhere = msgspec.structs.replace(peer(), thread="9")
    store.record(said("one", 1))
    store.record(said("two", 2))
    store.record(said("three", 3, peer=elsewhere))
    store.record(said("four", 4, peer=elsewhere))
    assert store.rows("SELECT thread FROM routes ORDER BY thread") == [("",), ("9",)]


def test_the_oldest_gives_way() -> None:
    memory = Memory()
    memory.begin(1)
    for n in range(MOST + 1):
        memory.keep("case", n, n)
    assert (memory.get("case", 0), memory.get("case", 1), memory.get("case", MOST)) == (None, 1, MOST)


@pytest.mark.parametrize(
    ("sql", "does"),
    [
        ("UPDATE routes SET blocked = ?", True),
        ("DELETE FROM contacts WHERE id = ?", True),
        ("INSERT INTO identities VALUES (?)", True),
        ("UPDATE deliveries SET status = ? WHERE route_id IN (SELECT id FROM messages)", False),
        ("INSERT INTO routes_seen VALUES (?)", False),
    ],
)
def test_statements_that_touch_what_may_be_remembered_are_known(sql: str, does: bool) -> None:
    assert touches(sql) is does
