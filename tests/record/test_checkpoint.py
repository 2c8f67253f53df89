"""The write-ahead log does not grow with what was written."""

from pathlib import Path

import pytest

from gateway.record.arrivals import record
from gateway.store import checkpoint
from tests.record.conftest import Store, said


@pytest.mark.engine("sqlite")
def test_the_log_begins_anew_while_writing_goes_on(tmp_path: Path) -> None:
    store = Store(tmp_path)
    try:
        for start in range(0, 20_000, 500):
            futures = [
                store.writer.submit(record, store.arrival(said("x" * 200, n, sender=f"{n % 50}")))
                for n in range(start, start + 500)
            ]
            for future in futures:
                future.result(10)
        log = (tmp_path / "hub.db-wal").stat().st_size
        written = sum(path.stat().st_size for path in tmp_path.iterdir())
        assert store.rows("SELECT count(*) FROM messages") == [(20_000,)]
        assert log < written / 3
        assert 3 * checkpoint.EVERY < 20_000 * 5  # or the test would show nothing
    finally:
        store.close()
