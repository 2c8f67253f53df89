"""The store as any engine has it: its tables and columns at whatever revision, and one state of it to read."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    create_engine,
    inspect,
)
from sqlalchemy.engine import make_url
from sqlalchemy.pool import StaticPool
from sqlalchemy.types import String

OWN = "alembic_version"
"""Says which revision the schema has, and is no part of it."""


class Kind(StrEnum):
    """What a column holds, in the words of no engine."""

    INTEGER = "integer"
    TEXT = "text"
    OCTETS = "octets"
    BOOLEAN = "boolean"


KINDS = (
    (Boolean, Kind.BOOLEAN),
    (Integer, Kind.INTEGER),
    (LargeBinary, Kind.OCTETS),
    (Text, Kind.TEXT),
    (String, Kind.TEXT),
)


def one_state(engine: Engine) -> AbstractContextManager[Connection]:
    """Everything read on it is of one moment, whatever is written meanwhile. Holds nobody up."""
    return STATES[engine.dialect.name](engine)


@contextmanager
def _copy(engine: Engine) -> Iterator[Connection]:
    """Of SQLite a copy of its own, in a file without a name that ends with the process.

    While somebody reads a state of the store itself, the write-ahead log cannot begin anew and grows with every commit;
    a copy is made in a fraction of the time in which all rows are read. Source: https://sqlite.org/backup.html and
    https://sqlite.org/wal.html#avoiding_excessively_large_wal_files (read 2026-11).
    """
    copy = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    private = create_engine("sqlite://", creator=lambda: copy, poolclass=StaticPool)
    try:
        copy.execute("PRAGMA synchronous = OFF")
        copy.execute("PRAGMA journal_mode = OFF").fetchall()
        with closing(engine.raw_connection()) as connection:
            driver: Any = connection.driver_connection
            driver.backup(copy)
        with private.connect() as state:
            yield state
    finally:
        private.dispose()
        copy.close()


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """Source: https://www.postgresql.org/docs/current/transaction-iso.html (read 2026-11)."""
    with engine.connect() as connection:
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


STATES: Mapping[str, Callable[[Engine], AbstractContextManager[Connection]]] = {
    "sqlite": _copy,
    "postgresql": _snapshot,
}
"""By engine."""


def tables(connection: Connection) -> dict[str, Table]:
    """By name, in the order of the names; as they are, not as this release knows them."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name != OWN)
    return {str(name): table for name, table in sorted(found.tables.items())}


def is_empty(connection: Connection) -> bool:
    """No table stands in it."""
    return not inspect(connection).get_table_names()


def is_there(url: str) -> bool:
    """Whether there is a store to open: opening one in a file would make it."""
    found = make_url(url)
    return found.get_backend_name() != "sqlite" or (found.database is not None and Path(found.database).is_file())


def kind_of(column: "Column[Any]") -> Kind:
    return next(kind for type_, kind in KINDS if isinstance(column.type, type_))
