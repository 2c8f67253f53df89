"""However much a store holds, memory holds some of it at a time."""

import subprocess
import sys
from pathlib import Path

import msgspec

from gateway.store import portable
from gateway.store.engine import open_store, writing
from tests.stores import empty_url_of, url_of

EVENTS = 100_000
SIZE = 1_000
AT_ONCE = 5_000
MOST = 60
"""MiB; the events alone are 100 and, read into values of Python's, much more."""


def filled(url: str) -> None:
    """A feed of events of some length."""
    body = msgspec.json.encode({"id": "x", "data": "x" * SIZE})
    columns = ("position", "id", "type", "sequence", "subject", "recorded_at", "body")
    engine = open_store(url)
    with writing(engine) as connection:
        filling = portable.filling(connection)
        for begin in range(1, EVENTS + 1, AT_ONCE):
            rows = [(n, f"{n}", "message.received", None, "s", n, body) for n in range(begin, begin + AT_ONCE)]
            filling.add("events", columns, rows)
        filling.end()
    engine.dispose()


def grown(what: str, url: str, folder: Path) -> int:
    command = [sys.executable, "-m", "tests.backup.measured", what, url, str(folder / "files"), str(folder / "hub.tar")]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_memory_does_not_grow_with_the_store(tmp_path: Path) -> None:
    old, new = url_of(tmp_path / "old.db"), empty_url_of(tmp_path / "new.db")
    filled(old)
    assert grown("take", old, tmp_path) < MOST
    assert grown("restore", new, tmp_path) < MOST
