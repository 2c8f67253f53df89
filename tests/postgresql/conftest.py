"""What only a database that several processes share can get wrong. Every test has a database of its own."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any
from weakref import finalize

import msgspec
import pytest
from sqlalchemy import Engine

from gateway.store.engine import connect
from tests.stores import url_of


@pytest.fixture
def url(tmp_path: Path) -> str:
    return url_of(tmp_path / "hub.db")


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = connect(url)
    yield engine
    engine.dispose()


class Scribe:
    """A process of tests.postgresql.scribe. What it says goes into a file, which is never full."""

    def __init__(self, url: str, first: int, count: int, people: int = 40, slow: float = 0.0) -> None:
        arguments = map(str, (url, first, count, people, slow))
        command = [sys.executable, "-m", "tests.postgresql.scribe", *arguments]
        folder = Path(mkdtemp())
        finalize(self, rmtree, folder)
        self._out, self._err = folder / "out", folder / "err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(command, stdout=out, stderr=err)

    def kill(self, after: int) -> list[int]:
        """kill -9 once so many were acknowledged; all that were."""
        while len(self.acknowledged()) < after:
            assert self.process.poll() is None, self._said()
            time.sleep(0.05)
        self.process.kill()
        self.process.wait()
        return self.acknowledged()

    def end(self) -> list[int]:
        """What was acknowledged."""
        assert self.process.wait(timeout=7_200) == 0, self._said()
        return self.acknowledged()

    def acknowledged(self) -> list[int]:
        """By now."""
        lines = self._out.read_bytes().splitlines(keepends=True)
        return [int(line.split()[0]) for line in lines if line.endswith(b"\n")]

    def _said(self) -> str:
        return self._err.read_text()[-3000:]


def rows(engine: Engine, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql, parameters)]


def check_feed(engine: Engine) -> list[str]:
    """The feed has no gap, and every history in it is whole and in order. The texts received, in the feed's order."""
    histories: dict[str, int] = {}
    texts, ids = [], set()
    for n, (position, body) in enumerate(rows(engine, "SELECT position, body FROM events ORDER BY position"), 1):
        event = msgspec.json.decode(body)
        assert position == n
        assert event["id"] not in ids
        ids.add(event["id"])
        if event.get("sequence") is not None:
            sequence = int(event["sequence"])
            assert sequence == histories.get(event["partitionkey"], 0) + 1, event
            histories[event["partitionkey"]] = sequence
        if event["type"] == "onethread.message.received.v1":
            texts.append(event["data"]["message"]["text"])
    assert rows(engine, "SELECT count(*) FROM batches") == [(0,)]
    assert len(texts) == len(set(texts))
    return texts
