"""The rounds of `benchmarks.history`: a hub on a store that was made before, load on it, and pages read from it."""

import http.client
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import quote

from benchmarks import multiplied, seed
from benchmarks.contenders import Running, hub
from benchmarks.load import Chats, Flood, flood
from gateway.api.cursors import cursor
from gateway.keys import Scope, create_key
from gateway.store.engine import open_store

SMALL = 100_000
"""Messages up to which a store is made anew for each round, by copying: a round would change it too much."""
ACTIVE, STREWN = 200, 20_000
LOOKED_AT = 8
"""Conversations whose pages are read."""
PAGE = 50
TIMES = 30
"""How often each is asked for."""
WARM_UP, SETTLE = 2, 1
FIRST = 600_000_000
"""Of the numbers of messages to come, above those of the seed as text and in nobody's way."""
FIRST_PAGE = "/v1/conversations?limit=1"
"""The first request of a hub builds its API, and is not measured."""
Round = dict[str, float]
Case = tuple[str, str, int, int]
"""Id, contact, newest sequence, and the position half-way to it, of a conversation."""


class Aged:
    """A store of so many messages, found in the folder or made there."""

    def __init__(self, folder: Path, size: int) -> None:
        self.size = size
        self._path = folder / f"messages-{size}.db"
        self._first = FIRST
        if not self._path.exists():
            began = time.perf_counter()
            half = self._path.with_suffix(".half")
            multiplied.make(half, size)
            half.rename(self._path)
            print(f"a store of {size} messages, made in {time.perf_counter() - began:.0f} s", flush=True)
        self.octets = self._path.stat().st_size
        customers = -(-size // seed.MESSAGES) * seed.CUSTOMERS
        self.active, self.strewn = (self._among(customers, count) for count in (ACTIVE, STREWN))
        with closing(sqlite3.connect(self._path)) as store:
            self._first += store.execute("SELECT count(*) FROM arrivals WHERE key > 'message:6'").fetchone()[0]

    @staticmethod
    def _among(customers: int, count: int) -> Chats:
        """So many of them, from all over the history."""
        count = min(count, customers)
        return Chats(count, seed.chat(0), customers // count)

    @contextmanager
    def opened(self) -> Iterator[Path]:
        """A folder for a hub, with the store in it as `hub.db`."""
        with TemporaryDirectory(dir=self._path.parent, prefix="round-") as made:
            path = Path(made) / "hub.db"
            if self.size <= SMALL:
                shutil.copyfile(self._path, path)
            else:
                path.symlink_to(self._path)
            yield Path(made)

    def forget(self, folder: Path) -> None:
        """Has the system read the file from the disk again, as far as it was written."""
        with (folder / "hub.db").open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def flooded(self, server: Running, seconds: int, chats: Chats) -> Flood:
        seen = flood(server.port, seconds, self._first, chats)
        self._first += seen.issued
        if seen.not_2xx or seen.broken:
            raise SystemExit(f"{self.size}: {seen.not_2xx} answers were not 2xx, {seen.broken} connections broke")
        return seen


def round_over(aged: Aged, seconds: int) -> Round:
    """Load first, then pages: what is read for the one is not at hand for the other."""
    with aged.opened() as folder:
        key, cases = _key(folder / "hub.db"), _long(folder / "hub.db")
        with hub(folder) as server:
            aged.flooded(server, WARM_UP, aged.active)
            before = server.cpu_seconds()
            seen = aged.flooded(server, seconds, aged.active)
            spent = server.cpu_seconds() - before
            aged.flooded(server, WARM_UP, aged.strewn)
            strewn = aged.flooded(server, seconds, aged.strewn)
            time.sleep(SETTLE)
            pages = _pages(server, key, cases)
    return {
        "ingest_rps": round(seen.rps, 1),
        "requests_per_cpu_second": round(seen.answered / spent, 1),
        "strewn_rps": round(strewn.rps, 1),
        **pages,
    }


def cold_ms(aged: Aged) -> float:
    """Milliseconds the first page of a long conversation takes that nobody asked for, with nothing of it in memory."""
    with aged.opened() as folder:
        key, cases = _key(folder / "hub.db"), _long(folder / "hub.db")
        with hub(folder) as server, closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
            _ask(connection, key, FIRST_PAGE)
            aged.forget(folder)
            return round(median(_ask(connection, key, _deep(id_, last)) for id_, _, last, _ in cases) * 1e3, 2)


def _key(store: Path) -> str:
    engine = open_store(f"sqlite:///{store}")
    try:
        return create_key(engine, "bench", [Scope.READ])[0]
    finally:
        engine.dispose()


def _long(store: Path) -> list[Case]:
    """Conversations alike in every store: the longest of one copy, the second longest of the next, and so on."""
    with closing(sqlite3.connect(store)) as connection:
        (count,) = connection.execute("SELECT max(number) FROM conversations").fetchone()
        copies = -(-count // seed.CUSTOMERS)
        sql = "SELECT conversation FROM history WHERE conversation <= ? GROUP BY 1 ORDER BY count(*) DESC LIMIT ?"
        longest = [number for (number,) in connection.execute(sql, (seed.CUSTOMERS, LOOKED_AT))]
        apart = max(1, copies // LOOKED_AT)
        numbers = [number + seed.CUSTOMERS * (n * apart % copies) for n, number in enumerate(longest)]
        return [_of(connection, number) for number in numbers]


def _of(connection: sqlite3.Connection, number: int) -> Case:
    (newest,) = connection.execute("SELECT max(sequence) FROM history WHERE conversation = ?", (number,)).fetchone()
    sql = (
        "SELECT c.id, c.contact_id, h.position FROM conversations c JOIN history h ON h.conversation = c.number"
        " WHERE c.number = ? AND h.sequence = ?"
    )
    id_, contact, middle = connection.execute(sql, (number, newest // 2)).fetchone()
    return id_, contact, newest, middle


def _pages(server: Running, key: str, cases: Sequence[Case]) -> Round:
    """Milliseconds a page takes that was asked for before: the median of each kind, and the hub's CPU time for it."""
    asked = {
        "page": [f"/v1/conversations/{id_}/messages?after_sequence={last - 2 * PAGE}" for id_, _, last, _ in cases],
        "deep": [_deep(id_, last) for id_, _, last, _ in cases],
        "timeline": [
            f"/v1/contacts/{contact}/timeline?cursor={quote(cursor('timeline', middle))}"
            for _, contact, _, middle in cases
        ],
    }
    figures = {}
    with closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
        for name, paths in asked.items():
            for path in paths:
                _ask(connection, key, path)
            before, again = server.cpu_seconds(), paths * TIMES
            figures[f"{name}_ms"] = round(median(_ask(connection, key, path) for path in again) * 1e3, 2)
            figures[f"{name}_cpu_ms"] = round((server.cpu_seconds() - before) / len(again) * 1e3, 2)
    return figures


def _deep(conversation: str, last: int) -> str:
    return f"/v1/conversations/{conversation}/messages?after_sequence={last // 2}"


def _ask(connection: http.client.HTTPConnection, key: str, path: str) -> float:
    began = time.perf_counter()
    connection.request("GET", path, headers={"authorization": f"Bearer {key}"})
    answer = connection.getresponse()
    body = answer.read()
    took = time.perf_counter() - began
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status} {body[:200]!r}")
    if path != FIRST_PAGE and (count := len(json.loads(body)["messages"])) != PAGE:
        raise SystemExit(f"{path}: a page of {count} messages")
    return took
