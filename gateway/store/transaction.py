"""One transaction of the writer: rows to come, events to come, and who must be woken after the commit.

Work is applied in memory first and written set-based by `flush`: one `executemany` per table, whatever the number of
items. Whoever reads within the same transaction what another item of it wrote calls `flush` before. Statements go to
the driver directly: the ORM costs ten to thirty times as much (docs/adr/0003-one-writer.md).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Table

from gateway.ids import new_id
from gateway.store import schema
from gateway.store.times import to_us
from normalizer.codec import encode
from normalizer.events import EVENTS, Envelope, wire_type
from normalizer.model import Priority, Value

Row = tuple[Any, ...]


class Transaction:
    """`now` is the recorded_at of everything in it."""

    def __init__(self, connection: Any, now: datetime) -> None:
        self._connection = connection
        self.now = now
        self.now_us = to_us(now)
        self.woken: set[tuple[str, str]] = set()
        self.last_position = 0
        self._inserts: defaultdict[Table, list[Row]] = defaultdict(list)
        self._changes: defaultdict[str, list[Row]] = defaultdict(list)
        self._events: list[Row] = []

    def rows(self, sql: str, *parameters: object) -> list[Any]:
        """What is committed or flushed. Sequences are passed as JSON (`IN (SELECT value FROM json_each(?))`)."""
        return self._connection.execute(sql, parameters).fetchall()  # type: ignore[no-any-return]  # the driver is untyped

    def row(self, sql: str, *parameters: object) -> Any | None:
        return self._connection.execute(sql, parameters).fetchone()

    def insert(self, table: Table, *values: object) -> None:
        """A row to come, values in the table's column order."""
        self._inserts[table].append(values)

    def change(self, sql: str, *parameters: object) -> None:
        """An UPDATE, DELETE or upsert to come, after the inserts."""
        self._changes[sql].append(parameters)

    def wake(self, what: str, whom: str = "") -> None:
        """Says after the commit that there is work: `lane`, `media`, `timers`."""
        self.woken.add((what, whom))

    def emit(
        self,
        type_: str,
        data: Value | dict[str, Any],
        *,
        source: str,
        subject: str,
        partition: str,
        conversation_id: str | None = None,
        sequence: int | None = None,
        priority: Priority = Priority.NORMAL,
        channel: str | None = None,
        connector: str | None = None,
        inbox: str | None = None,
    ) -> None:
        """An event to come; its position follows commit order. `data` has the shape EVENTS names for the type."""
        assert type_ in EVENTS, type_
        id_ = new_id()
        envelope = Envelope(
            id=id_,
            type=wire_type(type_),
            source=source,
            subject=subject,
            time=self.now,
            sequence=None if sequence is None else f"{sequence:020d}",
            partitionkey=partition,
            priority=priority,
            channel=channel,
            connector=connector,
            inbox=inbox,
            data=data,
        )
        self._events.append((id_, type_, conversation_id, sequence, subject, encode(envelope)))

    def flush(self) -> None:
        """Writes what is to come, set-based, in the order of the schema's tables."""
        execute = self._connection.executemany
        for table in TABLES:
            if rows := self._inserts.pop(table, None):
                execute(_insert(table), rows)
        for sql, parameters in self._changes.items():
            execute(sql, parameters)
        self._changes.clear()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part that can fail alone: what it wrote and said is undone, what came before stands. Re-raises."""
        self.flush()
        said, woken = len(self._events), set(self.woken)
        self._connection.execute("SAVEPOINT attempt")
        try:
            yield
            self.flush()
        except BaseException:
            self._inserts.clear()
            self._changes.clear()
            del self._events[said:]
            self.woken = woken
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK TO attempt")
                self._connection.execute("RELEASE attempt")
            raise
        self._connection.execute("RELEASE attempt")

    def finish(self) -> None:
        """Flushes and numbers the events; the last act before the commit."""
        self.flush()
        if self._events:
            newest = self.row("SELECT max(position) FROM events")
            position = (newest[0] if newest and newest[0] else 0) + 1
            rows = [(n, *event) for n, event in enumerate(self._events, position)]
            self._connection.executemany(_insert(schema.events), rows)
            self.last_position = position + len(rows) - 1


TABLES: Sequence[Table] = tuple(schema.metadata.tables.values())


@cache
def _insert(table: Table) -> str:
    columns = [column.name for column in table.columns]
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"


def listed(values: Iterable[object]) -> str:
    """Values as the one JSON parameter of `IN (SELECT value FROM json_each(?))`."""
    return msgspec.json.encode(list(values)).decode()
