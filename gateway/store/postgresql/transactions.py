"""Transactions of one writer beside those of other processes.

Whoever writes holds one advisory lock: shared where it gets along with others, else alone. A connection that was lost
is made anew with the next batch. Of a commit whose answer was lost the server is asked on a new connection.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from time import monotonic, sleep
from typing import Any

import psycopg
import structlog
from sqlalchemy import Connection, Engine

from gateway.store.postgresql.connecting import WRITING, connected, troubles
from gateway.store.postgresql.numbering import CHANNEL, TELL, Numbering, name_of, place, said
from gateway.store.postgresql.wording import put, worded
from gateway.store.session import Alone, Change, Row, Session, StoreTrouble, Told

log = structlog.get_logger()
KEYS = 1_000
"""Reserved at a time; what `event_keys` goes on by."""
PATIENCE = 10.0
"""Seconds for which the server is asked what became of a commit."""
PAUSE = 0.1
LOCKS = {True: "pg_advisory_xact_lock", False: "pg_advisory_xact_lock_shared"}
_BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT {}({})"
_EVENTS = "INSERT INTO event_rows (key, id, type, sequence, subject, recorded_at, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
_HISTORY = "INSERT INTO history_rows (conversation, sequence, key) VALUES (?, ?, ?)"
_BATCH = (
    "INSERT INTO batches (keys, types, woken) VALUES (%s::bigint[], %s::text[], %s::text[])"
    " RETURNING pg_current_xact_id()::text"
)
_NO_EVENTS = "SELECT pg_current_xact_id_if_assigned()::text"
_STATUS = "SELECT pg_xact_status(%s::xid8)"
SORTED: Mapping[str, slice] = {
    "arrivals": slice(0, 2),
    "calls": slice(0, 2),
    "conversations": slice(5, 6),
    "external_ids": slice(0, 2),
    "idempotency": slice(0, 2),
    "identities": slice(2, 5),
    "leases": slice(0, 1),
    "routes": slice(1, 3),
    "timers": slice(0, 2),
    "waiting_reports": slice(0, 2),
}
"""Where several processes may write one key, and where in a row it stands: in order, they wait for each other and never
in a circle."""
ORDER = ("lanes", "subscriptions", "replays", "routes", "conversations", "deliveries")
"""In which rows are held. Who comes to one of them late does not wait there, and begins anew instead."""
_INTO = {f"INSERT INTO {table} ": key for table, key in SORTED.items()}
_INTO_ANY = tuple(_INTO)
_HELD = re.compile(r" FROM (\w+)")


class Keys:
    """Of events to come, reserved in blocks: each is used once or never."""

    def __init__(self) -> None:
        self._next = self._end = 0

    def take(self, cursor: Any) -> int:
        if self._next == self._end:
            self._next = cursor.execute("SELECT nextval('event_keys')").fetchone()[0]
            self._end = self._next + KEYS
        self._next += 1
        return self._next - 1


class PostgresqlSession:
    def __init__(self, driver: "psycopg.Connection[Any]", keys: Keys, *, alone: bool) -> None:
        self.version = object()  # between two transactions anything may have changed
        self._driver = driver
        self._cursor = driver.cursor(binary=True)
        self._keys = keys
        self._alone = alone
        self._held = -1
        """How far in ORDER it holds rows; past its end once it has written."""
        self._told: list[tuple[int, str]] = []
        """Key and type of each event that was written."""
        self._before: list[int] = []

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        with troubles(alone=self._alone):
            return self._cursor.execute(*worded(sql, parameters))

    def write(self, changes: Sequence[Change]) -> None:
        self._held = len(ORDER)
        with troubles(alone=self._alone), self._driver.pipeline():
            for sql, rows in changes:
                ordered = _sorted(sql, rows) if sql.startswith(_INTO_ANY) else rows
                self._cursor.executemany(put(sql).sql, [worded(sql, row)[1] for row in ordered])

    def hold(self, sql: str, *parameters: object) -> bool:
        if self._alone:
            return False
        place = _place(sql)
        self.execute(f"{sql} FOR UPDATE{'' if place > self._held else ' NOWAIT'}", parameters).fetchall()
        self._held = max(place, self._held)
        return True

    def be_alone(self) -> None:
        if not self._alone:
            raise Alone("this gets along with nobody")

    def key(self) -> int:
        with troubles():
            return self._keys.take(self._cursor)

    def number(self) -> int:
        found: int = self.execute("SELECT nextval('conversation_numbers')").fetchone()[0]
        return found

    def write_events(self, events: Sequence[Row], conversations: Sequence[int | None]) -> None:
        told = zip(conversations, events, strict=True)
        history = [(number, event[3], event[0]) for number, event in told if number is not None]
        self.write([(_EVENTS, events), (_HISTORY, history)] if history else [(_EVENTS, events)])
        self._told += [(event[0], event[2]) for event in events]

    def begin_attempt(self) -> None:
        self.execute("SAVEPOINT attempt")
        self._before.append(len(self._told))

    def end_attempt(self) -> None:
        self._before.pop()
        self.execute("RELEASE attempt")

    def undo_attempt(self) -> None:
        del self._told[self._before.pop() :]
        if not self._driver.closed:
            with suppress(StoreTrouble):  # what ends the attempt says more
                self.execute("ROLLBACK TO attempt")
                self.execute("RELEASE attempt")

    def end(self, woken: Sequence[str]) -> tuple[str | None, list[int]]:
        """The last statement: what is written becomes a batch to be numbered. Its transaction's id, and its keys."""
        with troubles(alone=self._alone):
            if not self._told:
                return self._cursor.execute(_NO_EVENTS).fetchone()[0], []  # type: ignore[index]  # one row, always
            keys, types = [key for key, _ in self._told], [type_ for _, type_ in self._told]
            row = self._cursor.execute(_BATCH, (keys, types, list(woken))).fetchone()
            return row[0], keys  # type: ignore[index]


def _sorted(sql: str, rows: Sequence[Row]) -> Sequence[Row]:
    key = next(key for beginning, key in _INTO.items() if sql.startswith(beginning))
    return sorted(rows, key=lambda row: row[key])


@cache
def _place(sql: str) -> int:
    """Of the rows a statement holds, in ORDER."""
    found = _HELD.search(sql)
    assert found, sql
    return ORDER.index(found[1])


@contextmanager
def session_on(connection: Connection) -> Iterator[Session]:
    """Alone: an empty store is being filled, and its events are numbered before anybody sees them."""
    driver: Any = connection.connection.driver_connection
    session = PostgresqlSession(driver, Keys(), alone=True)
    yield session
    session.end(())
    with troubles():
        place(driver)


class PostgresqlTransactions:
    shared = True

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._name = name_of(engine)
        self._driver: psycopg.Connection[Any] | None = None
        self._session: PostgresqlSession | None = None
        self._keys = Keys()
        self._committed: list[int] = []
        """The keys of the events that were committed last."""
        self._numbering = Numbering(engine)

    def open(self) -> None:
        self._numbering.start()

    def begin(self, *, alone: bool) -> Session:
        sql = _BEGIN.format(LOCKS[alone], WRITING)
        if self._driver is None or self._driver.closed:
            self._driver = connected(self._engine)
        try:
            with troubles():
                self._driver.execute(sql)
        except StoreTrouble:  # the server ended it while nobody looked
            self._driver.close()
            self._driver = connected(self._engine)
            with troubles():
                self._driver.execute(sql)
        self._session = PostgresqlSession(self._driver, self._keys, alone=alone)
        return self._session

    def commit(self, transaction: Told) -> None:
        assert self._driver is not None
        assert self._session is not None
        woken = [f"{what}\n{whom}" for what, whom in sorted(transaction.woken)]
        id_, self._committed = self._session.end(woken)
        try:
            with troubles():
                if woken and not self._committed:  # no numbering will tell the others
                    self._driver.execute(TELL, (CHANNEL, said(0, self._name, woken)))
                self._driver.execute("COMMIT")
        except StoreTrouble as error:
            if id_ is None or not self._is_committed(id_, error):
                raise

    def _is_committed(self, id_: str, error: StoreTrouble) -> bool:
        """What became of a commit whose answer was lost. Raises StoreTrouble where nobody can say for a while.

        Source: https://www.postgresql.org/docs/current/functions-info.html (read 2026-11).
        """
        until = monotonic() + PATIENCE
        while monotonic() < until:
            self._close()
            with suppress(StoreTrouble, psycopg.Error):
                self._driver = connected(self._engine)
                row = self._driver.execute(_STATUS, (id_,)).fetchone()
                if row and row[0] != "in progress":
                    log.warning("the answer to a commit was lost", reason=str(error), became=row[0])
                    return bool(row[0] == "committed")
            sleep(PAUSE)
        raise StoreTrouble(f"whether it was written is not known: {error}") from error

    def roll_back(self) -> None:
        if self._driver is not None and not self._driver.closed:
            try:
                self._driver.execute("ROLLBACK")
            except psycopg.Error:
                self._close()

    def tell(self, transaction: Told, then: Callable[[], None]) -> None:
        if self._committed:
            self._numbering.number(self._committed, transaction, then)
        else:
            then()

    def rest(self) -> None:
        """Nothing waits between two batches."""

    def close(self) -> None:
        self._numbering.stop()
        self._close()

    def _close(self) -> None:
        if self._driver is not None:
            self._driver.close()
            self._driver = None
