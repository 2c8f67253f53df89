"""One transaction of the writer: rows to come, events to come, and who must be woken after the commit.

Work is applied in memory first and written set-based by `flush`: one `executemany` per table, whatever the number of
items. Whoever reads within the same transaction what another item of it wrote calls `flush` before. Statements go to
the driver directly: the ORM costs ten to thirty times as much (docs/adr/0003-one-writer.md).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Table

from gateway.ids import new_id
from gateway.store import schema
from gateway.store.inserting import insert
from gateway.store.memory import Memory, touches
from gateway.store.session import Row, Session
from gateway.store.times import to_us
from gateway.tracing import traceparent
from normalizer.codec import encode
from normalizer.events import EVENTS, Envelope, wire_type
from normalizer.model import Priority, Value


class Seen(NamedTuple):
    """What an agent has read: of the conversation with this number, what came after a sequence, up to another."""

    conversation: int
    after: int
    up_to: int


class Transaction:
    """`now` is the recorded_at of everything in it. Its session was begun by its maker."""

    def __init__(self, session: Session, now: datetime, memory: Memory) -> None:
        self._session = session
        self._execute = session.execute
        self.memory = memory
        memory.begin(session.version)
        self.now = now
        self.now_us = to_us(now)
        self.trace: str | None = None
        """Which trace the events to come belong to: 32 hexadecimal digits."""
        self.woken: set[tuple[str, str]] = set()
        self.seen: list[Seen] = []
        """To be told providers after the commit, by this process."""
        self.last_position = 0
        """Of the newest event it wrote; 0 before the first. Where events get their positions after the commit, it is
        told then, and `written` too."""
        self.written: list[Row] = []
        """The rows of the events it wrote, each beginning with its position."""
        self._inserts: defaultdict[Table, list[Row]] = defaultdict(list)
        self._changes: defaultdict[str, list[Row]] = defaultdict(list)
        self._events: list[Row] = []
        self._conversations: list[int | None] = []
        """Of each event to come."""

    def rows(self, sql: str, *parameters: object) -> list[Any]:
        """What is committed or flushed. Sequences are passed as JSON (`IN (SELECT value FROM json_each(?))`)."""
        return self._execute(sql, parameters).fetchall()  # type: ignore[no-any-return]  # the driver is untyped

    def row(self, sql: str, *parameters: object) -> Any | None:
        return self._execute(sql, parameters).fetchone()

    def hold(self, sql: str, *parameters: object) -> bool:
        """Before rows are read that will be changed: nobody else changes those of this SELECT until the commit.
        Whether what was read of them before may be out of date."""
        return self._session.hold(sql, *parameters)

    def be_alone(self) -> None:
        """Before what does not get along with what other processes write: where they may, the batch begins anew."""
        self._session.be_alone()

    def next_number(self) -> int:
        """Of a new conversation."""
        return self._session.number()

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
        """An event to come, and what rows name it by: its position, or the key that leads to it.

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
        key = self._session.key()
        self._events.append((key, id_, type_, sequence, subject, self.now_us, encode(envelope)))
        self._conversations.append(conversation)
        return key

    @contextmanager
    def tracing(self, trace: str | None) -> Iterator[None]:
        """Events to come within it belong to this trace; with none, to the one they would belong to anyway."""
        before, self.trace = self.trace, trace or self.trace
        try:
            yield
        finally:
            self.trace = before

    def flush(self) -> None:
        """Writes what is to come, set-based, in the order of the schema's tables; events last."""
        changes = [(insert(table), rows) for table in TABLES if (rows := self._inserts.pop(table, None))]
        changes += self._changes.items()
        if changes:
            self._changes = defaultdict(list)
            self._session.write(changes)
        if self._events:
            self._session.write_events(self._events, self._conversations)
            self.last_position = self._events[-1][0]
            self.written += self._events
            self._events, self._conversations = [], []

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part that can fail alone: what it wrote and said is undone, what came before stands. Re-raises."""
        self.flush()
        position, woken, written = self.last_position, set(self.woken), len(self.written)
        self._session.begin_attempt()
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
            self._session.undo_attempt()
            raise
        self._session.end_attempt()


TABLES: Sequence[Table] = tuple(schema.metadata.tables.values())


def listed(values: Iterable[object]) -> str:
    """Values as the one JSON parameter of `IN (SELECT value FROM json_each(?))`."""
    return msgspec.json.encode(list(values)).decode()
