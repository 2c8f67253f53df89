"""Connections: how they are made, prepared, and what of their troubles is the store's."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors
from psycopg.types.numeric import Int8Dumper
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from gateway.store.postgresql.wording import sought, worded
from gateway.store.session import Again, StoreTrouble, sentence

MIGRATING = 0x6F740001
WRITING = 0x6F740002
NUMBERING = 0x6F740003
"""Advisory locks, one of each per database."""
KEEPALIVE = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "application_name": "onethread",
}
"""A server that fell silent is given up after some seconds.
Source: https://www.postgresql.org/docs/current/libpq-connect.html (read 2026-11)."""
PREPARE = "SET enable_seqscan = off; SET jit = off; SET idle_in_transaction_session_timeout = '60s'"
"""A plan that was made while a table was small is kept for the life of a connection; and a process that stands still
while it holds a lock holds up nobody for longer."""
WITHOUT_HURRY = "SET LOCAL idle_in_transaction_session_timeout = 0"
"""For who reads or writes an archive meanwhile, over a network perhaps, and holds nobody up."""
STANDS_STILL = (errors.DeadlockDetected, errors.LockNotAvailable, errors.SerializationFailure)
THE_STORES = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError)
"""The last is what the server says of itself, and the driver of an answer that was cut off."""
ONE_STATE = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


def engine_of(url: str) -> Engine:
    address = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(
        address,
        connect_args=_arguments(address),
        isolation_level="REPEATABLE READ",  # what is read on one connection is of one moment, as on SQLite
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=24,
    )
    event.listen(engine, "connect", lambda driver, _: _prepare(driver))
    event.listen(engine, "before_cursor_execute", _worded, retval=True)
    _close_late(engine)
    return engine


def connected(engine: Engine) -> "psycopg.Connection[Any]":
    """A connection of its own, for a thread's life. Raises StoreTrouble."""
    arguments, options = engine.dialect.create_connect_args(engine.url)
    try:
        driver = psycopg.connect(*arguments, **{**_arguments(engine.url), **options}, autocommit=True)
        _prepare(driver)
    except psycopg.Error as error:
        raise StoreTrouble(f"the store cannot be reached: {sentence(error)}") from error
    return driver


@contextmanager
def writing(connection: Connection) -> Iterator[None]:
    """What is written beside the writer gets along with it: keys, secrets, the schema."""
    connection.execution_options(isolation_level="READ COMMITTED")
    with connection.begin():
        yield


def migrating(connection: Connection) -> None:
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(?)", (MIGRATING,))
    connection.exec_driver_sql(WITHOUT_HURRY)


@contextmanager
def looking(engine: Engine, *, one_state: bool) -> Iterator[Any]:
    """Raises StoreTrouble."""
    with troubles():
        try:
            connection = engine.raw_connection()
        except DBAPIError as error:
            raise StoreTrouble(f"the store cannot be reached: {sentence(error)}") from error
        driver: Any = connection.driver_connection
        try:
            driver.autocommit = True
            with driver.cursor(binary=True) as cursor:
                if one_state:
                    cursor.execute(ONE_STATE)
                yield Looking(cursor)
                if one_state:
                    cursor.execute("ROLLBACK")
            driver.autocommit = False
        except BaseException:
            connection.invalidate()
            raise
        finally:
            connection.close()


class Looking:
    """A cursor that takes statements as SQLite reads them."""

    def __init__(self, cursor: "psycopg.Cursor[Any]") -> None:
        self._cursor = cursor

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> "psycopg.Cursor[Any]":
        return self._cursor.execute(*worded(sql, sought(parameters)))


@contextmanager
def troubles(*, alone: bool = True) -> Iterator[None]:
    """What the driver raises, as the store tells it. `alone`: what is there already was not another process's doing."""
    try:
        yield
    except STANDS_STILL as error:
        raise Again(f"other processes stood in the way: {sentence(error)}") from error
    except errors.UniqueViolation as error:
        if alone:
            raise
        raise Again(f"another process was quicker: {sentence(error)}") from error
    except errors.ProgramLimitExceeded:  # psycopg's OperationalError, yet of a row that no index takes
        raise
    except THE_STORES as error:
        raise StoreTrouble(sentence(error)) from error


def _arguments(url: URL) -> dict[str, Any]:
    """What the address itself says goes before."""
    return {name: value for name, value in KEEPALIVE.items() if name not in url.query}


def _prepare(driver: Any) -> None:
    driver.adapters.register_dumper(int, Int8Dumper)  # else a statement has a plan for each size of its numbers
    before, driver.autocommit = driver.autocommit, True
    driver.execute(PREPARE)
    driver.autocommit = before


def _close_late(engine: Engine) -> None:
    """Closes what a thread gives back after the engine was disposed of, and nobody would close any more."""
    ended = threading.Event()
    event.listen(engine, "engine_disposed", lambda _: ended.set())
    event.listen(engine, "checkin", lambda driver, _: driver.close() if driver and ended.is_set() else None)


def _worded(
    connection: Connection,  # noqa: ARG001 - SQLAlchemy's events have them
    cursor: object,  # noqa: ARG001
    statement: str,
    parameters: Any,
    context: Any,
    executemany: bool,
) -> tuple[str, Any]:
    """Statements of our own come past SQLAlchemy's compiler; those it made are in the right words."""
    if context is None or context.compiled is not None:
        return statement, parameters
    if executemany:
        return worded(statement, ())[0], [worded(statement, one)[1] for one in parameters]
    rows: Mapping[str, Any] | Sequence[object] = parameters or ()
    values = tuple(rows)
    return worded(statement, sought(values) if statement.startswith(("SELECT", "WITH")) else values)
