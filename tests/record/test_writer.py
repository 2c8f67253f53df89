"""The writer outlives whatever befalls a batch, and never writes one twice."""

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from gateway.ids import new_id
from gateway.store.checkpoint import Checkpoints
from gateway.store.engine import open_store, writing
from gateway.store.writer import Writer
from tests.record.conftest import Store


def count(transaction, items):
    for _ in items:
        transaction.change("INSERT INTO cursors VALUES (?, '')", new_id())
    return items


def test_who_is_told_of_a_commit_and_fails_undoes_nothing_and_repeats_nothing(store: Store) -> None:
    def deaf(_: object) -> None:
        raise RuntimeError("Event loop is closed")

    writer = Writer(store.engine, deaf)
    futures = [writer.submit(count, n) for n in range(3)]
    writer.start()
    assert [future.result(10) for future in futures] == [0, 1, 2]
    writer.stop()
    assert store.rows("SELECT count(*) FROM cursors") == [(3,)]


@pytest.mark.engine("sqlite")
def test_a_store_that_cannot_be_written_is_asked_once_per_batch(store: Store) -> None:
    def impatient(transaction, items):
        transaction.rows("PRAGMA busy_timeout = 200")
        return items

    store.writer.submit(impatient, None).result(10)
    with writing(store.engine):
        begun = time.monotonic()
        store.writer.submit(count, None)
        time.sleep(0.05)
        futures = [store.writer.submit(count, n) for n in range(20)]
        for future in futures:
            with pytest.raises(sqlite3.OperationalError):
                future.result(10)
        assert time.monotonic() - begun < 2
    assert store.writer.submit(count, 1).result(10) == 1


def test_who_stopped_waiting_harms_nobody(store: Store) -> None:
    gone = store.writer.submit(count, 1)
    gone.cancel()
    assert store.writer.submit(count, 2).result(10) == 2


@pytest.mark.engine("sqlite")
def test_checkpoints_end_also_while_they_copy(tmp_path: Path) -> None:
    engine = open_store(f"sqlite:///{tmp_path / 'hub.db'}")
    for n in range(60):
        with engine.connect() as connection:
            checkpoints = Checkpoints(engine)
            driver = connection.connection.driver_connection
            checkpoints.adopt(driver)
            checkpoints._wanted.set()
            time.sleep(n / 60_000)
            ending = threading.Thread(target=checkpoints.stop, daemon=True)
            ending.start()
            ending.join(5)
            assert not ending.is_alive()
    engine.dispose()
