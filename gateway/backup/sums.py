"""Checksums of what goes through, counted the same way by whoever makes an archive and whoever reads one."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from gateway.backup.layout import EVENTS, Columns, FeedSum, Row, TableSum
from gateway.recent import item_of


class Unordered(Exception):
    """Positions do not rise."""


class TableSums:
    def __init__(self) -> None:
        self._rows = 0
        self._hash = sha256()

    def add(self, lines: bytes, rows: int) -> None:
        self._rows += rows
        self._hash.update(lines)

    def total(self) -> TableSum:
        return TableSum(self._rows, self._hash.hexdigest())


class FeedSums:
    """Over the rows of the table of events, by rising position."""

    def __init__(self) -> None:
        self._events = self._newest = 0
        self._hash = sha256()

    def add(self, columns: Columns, rows: Iterable[Row]) -> None:
        """Raises Unordered."""
        at = {name: n for n, (name, _) in enumerate(columns)}
        position, type_, body = at["position"], at["type"], at["body"]
        for row in rows:
            if row[position] is None or row[position] <= self._newest:
                raise Unordered
            self._newest = row[position]
            self._events += 1
            self._hash.update(item_of(row[position], row[type_], row[body]).event + b"\n")

    def total(self) -> FeedSum:
        return FeedSum(self._events, self._newest, self._hash.hexdigest())


class Sums:
    def __init__(self, tables: Sequence[str]) -> None:
        self._tables = {table: TableSums() for table in tables}
        self._feed = FeedSums()

    def add(self, table: str, columns: Columns, rows: Sequence[Row], lines: bytes) -> None:
        """Raises Unordered."""
        self._tables[table].add(lines, len(rows))
        if table == EVENTS:
            self._feed.add(columns, rows)

    def tables(self) -> dict[str, TableSum]:
        return {table: sums.total() for table, sums in self._tables.items()}

    def feed(self) -> FeedSum:
        return self._feed.total()


class Hashed:
    """Chunks that go through; afterwards their hash and how many octets they were."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._hash = sha256()
        self.octets = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._hash.update(chunk)
            self.octets += len(chunk)
            yield chunk

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()
