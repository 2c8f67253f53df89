"""A backup of a store that several processes write to holds a beginning of its feed, and whatever was acknowledged."""

import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.backup.layout import FeedSum
from gateway.backup.restoring import restore
from gateway.feed import BEGINNING, Feed
from gateway.files import Files
from gateway.record.arrivals import record
from gateway.store.engine import StoreUnavailable, connect, open_store, transactions_of
from gateway.store.memory import Memory
from gateway.store.postgresql.archiving import all_numbered
from gateway.store.session import StoreTrouble
from gateway.store.transaction import Transaction
from gateway.store.writer import Writer
from tests.backup.conftest import Target, read, taken
from tests.postgresql.conftest import Scribe, check_feed, rows
from tests.record.conftest import AT, said
from tests.send.conftest import Desk

pytestmark = pytest.mark.engine("postgresql")
BACKUPS = 5
"""Of different moments, taken while others write."""
WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'"


def address_of(desk: Desk) -> str:
    return desk.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def end_others(url: str) -> None:
    """Every connection to the database, on the server's side."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def first(desk: Desk, count: int) -> bytes:
    """The lines of so many events, as a reader gets them."""
    feed = Feed(desk.engine)
    feed.committed(feed.back(0))
    lines = [event for _, event in feed.read(BEGINNING, count)]
    assert len(lines) == count
    return b"".join(line + b"\n" for line in lines)


def texts(events: list[Any]) -> set[str]:
    return {text.decode() for *_, body in events for text in [body.partition(b'"text":"')[2].partition(b'"')[0]]}


def test_each_backup_beside_two_writers_is_a_beginning_of_the_feed(desk: Desk, tmp_path: Path) -> None:
    writers = [Scribe(address_of(desk), n, 9_000, slow=0.005) for n in (10_000, 20_000)]
    archives: list[tuple[list[int], bytes]] = []
    while len({len(acknowledged) for acknowledged, _ in archives}) < BACKUPS:
        assert all(one.process.poll() is None for one in writers)
        acknowledged = [n for one in writers for n in one.acknowledged()]
        archives.append((acknowledged, taken(desk.engine, desk.files)))
    for one in writers:
        one.kill(0)
    for acknowledged, archive in archives:
        manifest, kept = read(archive)
        count = manifest.feed.events
        assert manifest.feed == FeedSum(count, count, sha256(first(desk, count)).hexdigest())
        assert {f"message {n}" for n in acknowledged} <= texts(kept.tables["events"])
    target = Target(tmp_path / "new")
    restored = target.restore(archives[len(archives) // 2][1])
    positions = [position for (position,) in target.rows("SELECT position FROM events ORDER BY position")]
    assert positions[: int(restored.kept)] == list(range(1, int(restored.kept) + 1))
    assert target.rows("SELECT count(*) FROM batches") == [(0,)]
    target.engine.dispose()


def test_two_processes_go_on_in_a_restored_store(desk: Desk, target: Target) -> None:
    restored = target.restore(taken(desk.engine, desk.files), send=True)
    url = target.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    writers = [Scribe(url, n, 200) for n in (10_000, 20_000)]
    for one in writers:
        one.end()
    found = [p for (p,) in target.rows("SELECT position FROM events WHERE position >= ? ORDER BY 1", restored.epoch)]
    assert found == list(range(int(restored.epoch), int(restored.epoch) + len(found)))
    [(numbers, conversations)] = target.rows("SELECT count(DISTINCT number), count(*) FROM conversations")
    assert numbers == conversations == 40
    broken = (
        "SELECT conversation FROM history GROUP BY conversation"
        " HAVING count(*) <> max(sequence) OR count(position) <> count(*)"
    )
    assert target.rows(broken) == []


def unnumbered(desk: Desk, *messages: Any) -> None:
    """Written by a process that was killed right after its commit, while no other is there to number it."""
    desk.writer.stop()
    transactions = transactions_of(desk.engine)
    transaction = Transaction(transactions.begin(alone=True), AT, Memory())
    record(transaction, [desk.arrival(message) for message in messages])
    transaction.flush()
    transactions.commit(transaction)
    transactions.close()


def test_what_was_committed_without_a_position_has_one_in_the_backup_and_for_readers(
    desk: Desk, target: Target
) -> None:
    unnumbered(desk, said("not yet numbered", 2), said("nor this", 3))
    assert desk.rows("SELECT count(*) FROM batches") == [(1,)]
    [(before, committed)] = desk.rows("SELECT (SELECT count(*) FROM positions), (SELECT count(*) FROM event_rows)")
    assert committed == before + 2
    archive = taken(desk.engine, desk.files)
    manifest, kept = read(archive)
    assert manifest.feed == FeedSum(committed, committed, sha256(first(desk, committed)).hexdigest())
    assert {"not yet numbered", "nor this"} <= texts(kept.tables["events"])
    assert check_feed(desk.engine)[-2:] == ["not yet numbered", "nor this"]
    assert target.restore(archive).kept == str(committed)
    found = target.rows("SELECT body FROM messages ORDER BY position")
    assert [b"nor this" in body for (body,) in found][-2:] == [False, True]


def test_a_backup_begins_when_who_writes_has_committed(desk: Desk) -> None:
    transactions = transactions_of(desk.engine)
    transaction = Transaction(transactions.begin(alone=False), AT, Memory())
    archives: list[bytes] = []
    backup = threading.Thread(target=lambda: archives.append(taken(desk.engine, desk.files)))
    backup.start()
    while not desk.rows(WAITING):
        assert backup.is_alive()
        time.sleep(0.01)
    record(transaction, [desk.arrival(said("just in time", 2))])
    transaction.flush()
    transactions.commit(transaction)
    backup.join()
    transactions.close()
    assert "just in time" in texts(read(archives[0])[1].tables["events"])


def test_no_backup_begins_where_others_were_let_write_again(desk: Desk) -> None:
    desk.writer.stop()
    with pytest.raises(StoreTrouble), all_numbered(desk.engine):
        end_others(address_of(desk))


class Interrupted(BytesIO):
    """An archive at whose half something happens."""

    def __init__(self, archive: bytes, at_half: Any) -> None:
        super().__init__(archive)
        self._half, self._at_half = len(archive) // 2, at_half

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= self._half:
            self._at_half, what = (lambda: None), self._at_half
            what()
        return super().read(size)


@pytest.fixture
def full(desk: Desk) -> Iterator[bytes]:
    for n in range(2, 60):
        desk.record(said("x" * 500, n))
    return taken(desk.engine, desk.files)


def test_a_restore_whose_connection_is_lost_leaves_nothing_and_is_done_again(full: bytes, target: Target) -> None:
    url = target.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with pytest.raises(StoreUnavailable, match=r"^the store cannot be filled: [^\n]+$"):
        restore(target.engine, target.files, Interrupted(full, lambda: end_others(url)), {}, send=False)
    target.engine.dispose()
    assert target.is_empty()
    assert target.restore(full).manifest == read(full)[0]


def test_a_hub_that_starts_meanwhile_waits_for_the_restored_store(full: bytes, target: Target) -> None:
    url = target.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    found: list[int] = []

    def start() -> None:
        engine = open_store(url)
        found.extend(count for (count,) in rows(engine, "SELECT count(*) FROM contacts"))
        engine.dispose()

    hub = threading.Thread(target=start)
    other = connect(url)

    def begin() -> None:
        hub.start()
        while not rows(other, WAITING):
            assert hub.is_alive()
            time.sleep(0.01)

    restore(target.engine, target.files, Interrupted(full, begin), {}, send=False)
    hub.join()
    other.dispose()
    assert found == [1]


def test_the_writer_of_a_restored_store_gives_keys_that_nobody_has(desk: Desk, target: Target) -> None:
    target.restore(taken(desk.engine, desk.files))
    writer = Writer(target.engine)
    writer.start()
    for n in range(2, 5):
        writer.submit(record, desk.arrival(said(f"again {n}", n, sender=str(n)))).result(60)
    writer.stop()
    assert target.rows("SELECT count(*) FROM event_rows e LEFT JOIN positions p USING (key) WHERE p.key IS NULL") == [
        (0,)
    ]
    assert target.rows(
        "SELECT count(*) FROM message_heads m LEFT JOIN event_rows e USING (key) WHERE e.key IS NULL"
    ) == [(0,)]
    files = Files(target.files.folder)
    assert read(taken(target.engine, files))[0].feed.events == target.rows("SELECT count(*) FROM positions")[0][0]
