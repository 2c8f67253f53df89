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
from gateway.store.memory import Memory, touches
from gateway.store.times import to_us
from gateway.tracing import traceparent
from normalizer.codec import encode
from normalizer.events import EVENTS, Envelope, wire_type
from normalizer.model import Priority, Value

Row = tuple[Any, ...]
SETTLE = 2_048
"""Every so many positions the tails of all histories settle."""


class Transaction:
    """`now` is the recorded_at of everything in it. Begun by its maker, under the write lock."""

    def __init__(self, connection: Any, now: datetime, memory: Memory) -> None:
        self._connection = connection
        self.memory = memory
        memory.begin(connection.execute("PRAGMA data_version").fetchone()[0])
        self.now = now
        self.now_us = to_us(now)
        self.trace: str | None = None
        """Which trace the events to come belong to: 32 hexadecimal digits."""
        self.woken: set[tuple[str, str]] = set()
        self.last_position = 0
        """Of the newest event it wrote; 0 before the first."""
        self.written: list[Row] = []
        """The rows of the events it wrote."""
        self._inserts: defaultdict[Table, list[Row]] = defaultdict(list)
        self._changes: defaultdict[str, list[Row]] = defaultdict(list)
        self._events: list[Row] = []
        self._conversations: list[int | None] = []
        """Of each event to come."""

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
        if touches(sql):
            self.memory.distrust()
        self._changes[sql].append(parameters)

    def save(self, sql: str, *parameters: object) -> None:
        """A change to come that what is remembered of its row has in it already."""
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
        conversation: int | None = None,
        sequence: int | None = None,
        priority: Priority = Priority.NORMAL,
        channel: str | None = None,
        connector: str | None = None,
        inbox: str | None = None,
        trace: str | None = None,
    ) -> int:
        """An event to come, and its position, which follows commit order.

        `data` has the shape EVENTS names for the type. `conversation` is the number of the one whose history it belongs
        to, at `sequence`. `trace` is its own where it is not that of the transaction.
        """
        assert type_ in EVENTS, type_
        id_, trace = new_id(), trace or self.trace
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
            traceparent=traceparent(trace, id_) if trace else None,
            data=data,
        )
        self._events.append((id_, type_, sequence, subject, self.now_us, encode(envelope)))
        self._conversations.append(conversation)
        if not self.last_position:
            newest = self.row("SELECT max(position) FROM events")
            self.last_position = (newest[0] if newest else None) or 0
        return self.last_position + len(self._events)

    @contextmanager
    def tracing(self, trace: str | None) -> Iterator[None]:
        """Events to come within it belong to this trace; with none, to the one they would belong to anyway."""
        before, self.trace = self.trace, trace or self.trace
        try:
            yield
        finally:
            self.trace = before

    def flush(self) -> None:
        """Writes what is to come, set-based, in the order of the schema's tables; events last, numbered."""
        execute = self._connection.executemany
        for table in TABLES:
            if rows := self._inserts.pop(table, None):
                execute(_insert(table), rows)
        for sql, parameters in self._changes.items():
            execute(sql, parameters)
        self._changes.clear()
        if self._events:
            self._write_events()

    def _write_events(self) -> None:
        before, first = self.last_position, self.last_position + 1
        rows = [(n, *event) for n, event in enumerate(self._events, first)]
        told = zip(self._conversations, self._events, range(first, first + len(rows)), strict=True)
        tail = [(number, event[2], position) for number, event, position in told if number is not None]
        self._connection.executemany(_insert(schema.events), rows)
        self._connection.executemany(_insert(schema.history_tail), tail)
        self.last_position += len(rows)
        self.written += rows
        self._events.clear()
        self._conversations.clear()
        if before // SETTLE != self.last_position // SETTLE:
            self._connection.execute("INSERT INTO history SELECT conversation, sequence, position FROM history_tail")
            self._connection.execute("DELETE FROM history_tail")

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part that can fail alone: what it wrote and said is undone, what came before stands. Re-raises."""
        self.flush()
        position, woken, written = self.last_position, set(self.woken), len(self.written)
        self._connection.execute("SAVEPOINT attempt")
        try:
            yield
            self.flush()
        except BaseException:
            self._inserts.clear()
            self._changes.clear()
            self._events.clear()
            self._conversations.clear()
            self.last_position, self.woken = position, woken
            del self.written[written:]
            self.memory.distrust()
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK TO attempt")
                self._connection.execute("RELEASE attempt")
            raise
        self._connection.execute("RELEASE attempt")


TABLES: Sequence[Table] = tuple(schema.metadata.tables.values())


@cache
def _insert(table: Table) -> str:
    columns = [column.name for column in table.columns]
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"


def listed(values: Iterable[object]) -> str:
    """Values as the one JSON parameter of `IN (SELECT value FROM json_each(?))`."""
    return msgspec.json.encode(list(values)).decode()
