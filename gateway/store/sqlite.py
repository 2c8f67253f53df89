"""SQLite in WAL mode: one process writes, and readers see one state each.

Every commit is durable (`synchronous=FULL`); writers take the lock when they begin (`BEGIN IMMEDIATE`), because a
deferred transaction cannot upgrade without failing. Source: https://sqlite.org/wal.html and https://sqlite.org/lang_transaction.html
(read 2026-11).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from gateway.store import schema
from gateway.store.checkpoint import Checkpoints
from gateway.store.inserting import insert
from gateway.store.session import Change, Heard, Row, Session, Told

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA busy_timeout = 10000",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -16384",
    "PRAGMA temp_store = MEMORY",
)
SETTLE = 2_048
"""Every so many positions the tails of all histories settle."""
_NEWEST = "SELECT max(position) FROM events"
_NUMBER = "SELECT max(number) FROM conversations"
_SETTLE = ("INSERT INTO history SELECT conversation, sequence, position FROM history_tail", "DELETE FROM history_tail")


def engine_of(url: str) -> Engine:
    engine = create_engine(url, poolclass=QueuePool, pool_size=8, max_overflow=24)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # transactions are begun below, not by the driver
        for pragma in PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.info.get("writes") else "BEGIN")

    return engine


@contextmanager
def writing(connection: Connection) -> Iterator[None]:
    connection.info["writes"] = True
    try:
        with connection.begin():
            yield
    finally:
        connection.info.pop("writes", None)


@contextmanager
def looking(engine: Engine, *, one_state: bool) -> Iterator[Any]:
    connection = engine.raw_connection()
    try:
        with closing(connection.cursor()) as cursor:
            if one_state:
                cursor.execute("BEGIN")
            yield cursor
    finally:
        connection.close()  # back to the pool, which ends the transaction


def migrating(connection: Connection) -> None:
    """Nobody else migrates meanwhile: the write lock is held."""


class Deaf:
    """Nobody else serves the store."""

    def __init__(self, engine: Engine, heard: Heard) -> None: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


class SqliteSession:
    execute: Any

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self.execute = driver.execute
        self.version = driver.execute("PRAGMA data_version").fetchone()[0]
        self._newest = 0
        """Position of the newest event to come; 0 before the first."""
        self._number = 0
        self._before: list[tuple[int, int]] = []

    def write(self, changes: Sequence[Change]) -> None:
        for sql, rows in changes:
            self._driver.executemany(sql, rows)

    def hold(self, sql: str, *parameters: object) -> bool:  # noqa: ARG002 - nobody else writes at all
        return False

    def be_alone(self) -> None:
        """It is."""

    def key(self) -> int:
        """Its position, which follows commit order."""
        self._newest = (self._newest or self.execute(_NEWEST).fetchone()[0] or 0) + 1
        return self._newest

    def number(self) -> int:
        self._number = (self._number or self.execute(_NUMBER).fetchone()[0] or 0) + 1
        return self._number

    def write_events(self, events: Sequence[Row], conversations: Sequence[int | None]) -> None:
        told = zip(conversations, events, strict=True)
        tail = [(number, event[3], event[0]) for number, event in told if number is not None]
        self._driver.executemany(insert(schema.events), events)
        self._driver.executemany(insert(schema.history_tail), tail)
        if (events[0][0] - 1) // SETTLE != events[-1][0] // SETTLE:
            for sql in _SETTLE:
                self._driver.execute(sql)

    def begin_attempt(self) -> None:
        self._before.append((self._newest, self._number))
        self._driver.execute("SAVEPOINT attempt")

    def end_attempt(self) -> None:
        self._before.pop()
        self._driver.execute("RELEASE attempt")

    def undo_attempt(self) -> None:
        self._newest, self._number = self._before.pop()
        if self._driver.in_transaction:
            self._driver.execute("ROLLBACK TO attempt")
            self._driver.execute("RELEASE attempt")


@contextmanager
def session_on(connection: Connection) -> Iterator[Session]:
    yield SqliteSession(connection.connection.driver_connection)


class SqliteTransactions:
    shared = False

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._checkpoints = Checkpoints(engine)
        self._connection: PoolProxiedConnection | None = None
        self._driver: Any = None

    def open(self) -> None:
        # one connection for its life, so statements stay prepared
        self._connection = self._engine.raw_connection()
        self._driver = self._connection.driver_connection
        self._checkpoints.adopt(self._driver)

    def begin(self, *, alone: bool) -> Session:  # noqa: ARG002 - it always is
        self._driver.execute("BEGIN IMMEDIATE")
        return SqliteSession(self._driver)

    def commit(self, transaction: Told) -> None:  # noqa: ARG002 - its events have their positions
        self._driver.execute("COMMIT")

    def roll_back(self) -> None:
        if self._driver.in_transaction:
            self._driver.execute("ROLLBACK")

    def tell(self, transaction: Told, then: Callable[[], None]) -> None:  # noqa: ARG002
        then()

    def rest(self) -> None:
        self._checkpoints.after_commit(self._driver)

    def close(self) -> None:
        self._checkpoints.stop()
        if self._connection:
            self._connection.close()
