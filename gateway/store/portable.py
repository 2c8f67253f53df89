"""The store as any engine has it: its tables and columns at whatever revision, one state of it to read, and an empty
one to fill.

What an engine keeps otherwise than the others (docs/adr/0017-many-processes.md) looks here as it does on all of them.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    create_engine,
    insert,
    inspect,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.pool import StaticPool
from sqlalchemy.types import String

from gateway.store.session import Row, sentence

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


@dataclass(frozen=True)
class Portable:
    """A table, whatever stands behind it."""

    columns: tuple[tuple[str, Kind], ...]
    rows: Select[Any]
    """All of them, in the order of the primary key."""


class Unfit(Exception):
    """A row that the schema does not allow; the text says why."""


class Filling(Protocol):
    """Rows for the tables of an empty store, within a transaction."""

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Raises Unfit, UNAVAILABLE."""

    def end(self) -> None:
        """After the last row, and before the schema goes on to a later revision."""


@dataclass(frozen=True)
class Archiving:
    """What is done otherwise on an engine."""

    one_state: Callable[[Engine], AbstractContextManager[Connection]]
    tables: Callable[[Connection], dict[str, Portable]]
    filling: Callable[[Connection], Filling]


def one_state(engine: Engine) -> AbstractContextManager[Connection]:
    """Everything read on it is of one moment, whatever is written meanwhile, and every event has its position."""
    return ENGINES[engine.dialect.name]().one_state(engine)


def tables(connection: Connection) -> dict[str, Portable]:
    """By name, in the order of the names; as they are, not as this release knows them."""
    return dict(sorted(ENGINES[connection.dialect.name]().tables(connection).items()))


def filling(connection: Connection) -> Filling:
    """For a store whose schema was just made."""
    return ENGINES[connection.dialect.name]().filling(connection)


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


def _as_they_are(connection: Connection) -> dict[str, Portable]:
    return {name: plain(table) for name, table in reflected(connection).items()}


class _Inserting:
    """Into SQLite."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tables = reflected(connection)

    def add(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        values = [dict(zip(columns, row, strict=True)) for row in rows]
        try:
            self._connection.execute(insert(self._tables[table]), values)
        except (IntegrityError, DataError) as error:
            raise Unfit(sentence(error)) from error

    def end(self) -> None:
        """Nothing follows from the rows."""


def _postgresql() -> Archiving:
    """Whoever keeps a store in SQLite does not load its driver."""
    from gateway.store.postgresql import archiving

    return Archiving(archiving.one_state, archiving.tables, archiving.Copying)


ENGINES: Mapping[str, Callable[[], Archiving]] = {
    "sqlite": lambda: Archiving(_copy, _as_they_are, _Inserting),
    "postgresql": _postgresql,
}
"""By name."""


def reflected(connection: Connection) -> dict[str, Table]:
    """What the engine calls tables, by name."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name != OWN)
    return {str(name): table for name, table in found.tables.items()}


def plain(table: Table) -> Portable:
    """One that is on every engine what it is on this."""
    return Portable(columns_of(table.columns), select(table).order_by(*table.primary_key.columns))


def columns_of(columns: "Iterable[Column[Any]]") -> tuple[tuple[str, Kind], ...]:
    return tuple((str(column.name), kind_of(column)) for column in columns)


def is_empty(connection: Connection) -> bool:
    """No table stands in it."""
    return not inspect(connection).get_table_names()


def is_there(url: str) -> bool:
    """Whether there is a store to open: opening one in a file would make it."""
    found = make_url(url)
    return found.get_backend_name() != "sqlite" or (found.database is not None and Path(found.database).is_file())


def kind_of(column: "Column[Any]") -> Kind:
    return next(kind for type_, kind in KINDS if isinstance(column.type, type_))
