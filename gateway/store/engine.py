"""Opening the store, on the engine its address names, migrated to the present schema."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from gateway import ids
from gateway.store import revisions, sqlite, times
from gateway.store.session import Heard, Hearing, Session, StoreTrouble, Transactions, sentence
from normalizer.ids import made_at


@dataclass(frozen=True)
class Kind:
    """What is done otherwise on an engine."""

    engine_of: Callable[[str], Engine]
    writing: Callable[[Connection], AbstractContextManager[None]]
    looking: Callable[..., AbstractContextManager[Any]]
    transactions: Callable[[Engine], Transactions]
    session_on: Callable[[Connection], AbstractContextManager[Session]]
    hearing: Callable[[Engine, Heard], Hearing]
    migrating: Callable[[Connection], None]
    """Waits until nobody else migrates, for the rest of the transaction."""


SQLITE = Kind(
    sqlite.engine_of,
    sqlite.writing,
    sqlite.looking,
    sqlite.SqliteTransactions,
    sqlite.session_on,
    sqlite.Deaf,
    sqlite.migrating,
)


@cache
def _postgresql() -> Kind:
    """Whoever keeps a store in SQLite does not load its driver."""
    from gateway.store.postgresql import connecting
    from gateway.store.postgresql.hearing import PostgresqlHearing
    from gateway.store.postgresql.transactions import PostgresqlTransactions, session_on

    return Kind(
        connecting.engine_of,
        connecting.writing,
        connecting.looking,
        PostgresqlTransactions,
        session_on,
        PostgresqlHearing,
        connecting.migrating,
    )


KINDS: Mapping[str, Callable[[], Kind]] = {"sqlite": lambda: SQLITE, "postgresql": _postgresql}
"""By the name in the address."""


class StoreUnavailable(Exception):
    """The store cannot be opened; the text is one sentence for the operator."""


class ForeignSchema(Exception):
    """The store was written by another release; the text says so."""


def open_store(url: str) -> Engine:
    """An engine on a store that is migrated to the present schema. Raises StoreUnavailable."""
    engine = connect(url)
    try:
        migrate(engine)
        keep_time(engine)
    except (DBAPIError, StoreTrouble, ForeignSchema) as error:
        engine.dispose()
        raise StoreUnavailable(f"the store {shown(url)} cannot be opened: {sentence(error)}") from error
    return engine


def connect(url: str) -> Engine:
    """An engine, without looking at the schema."""
    return KINDS[make_url(url).get_backend_name()]().engine_of(url)


def shown(url: str) -> str:
    """The store's address for people: a file's name, or a database without user and password."""
    found = make_url(url)
    if found.get_backend_name() == "sqlite":
        return str(found.database)
    where = f"{found.host}:{found.port}" if found.port else found.host or ""
    return f"{found.get_backend_name()}://{where}/{found.database}"


def transactions_of(engine: Engine) -> Transactions:
    """For one writer."""
    return _kind(engine).transactions(engine)


def hearing_of(engine: Engine, heard: Heard) -> Hearing:
    """Tells `heard` of what other processes commit."""
    return _kind(engine).hearing(engine, heard)


def session_on(connection: Connection) -> AbstractContextManager[Session]:
    """Within a transaction of `writing`, which nobody writes beside and which then commits it. Its events have their
    positions at the end."""
    return _kind(connection.engine).session_on(connection)


def looking(engine: Engine, *, one_state: bool = False) -> AbstractContextManager[Any]:
    """A cursor of the driver's, whose `execute` gives itself: it costs a tenth of a Core statement.

    `one_state`: everything read on it is of one moment, whatever is written meanwhile.
    """
    return _kind(engine).looking(engine, one_state=one_state)


def _kind(engine: Engine) -> Kind:
    return KINDS[engine.dialect.name]()


def keep_time(engine: Engine) -> None:
    """Whatever the wall says, this process's clock and ids begin after what the store has of its newest event."""
    with engine.connect() as connection:
        sql = "SELECT recorded_at, id FROM events ORDER BY position DESC LIMIT 1"
        newest = connection.exec_driver_sql(sql).one_or_none()
    if newest is not None:
        at, id_ = newest
        times.not_before(at)
        ids.not_before(max(at // 1000, made_at(id_)) + 1)  # an id is made after its transaction has begun


def hold_schema(connection: Connection) -> None:
    """Waits until nobody else makes or changes the schema, for the rest of a transaction of `writing`."""
    _kind(connection.engine).migrating(connection)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes, for the rare changes beside the hub's writer. Commits at the end."""
    with engine.connect() as connection, _kind(engine).writing(connection):
        yield connection


@dataclass(frozen=True)
class Step:
    """A revision of the schema that a store does not have yet."""

    revision: str
    what: str


def steps(engine: Engine) -> list[Step]:
    """What `migrate` would do, in its order. Raises ForeignSchema."""
    with engine.connect() as connection:
        present = revisions.present(connection)
    if present == revisions.newest():
        return []
    if present is not None and not revisions.known(present):
        raise ForeignSchema(f"its schema {present!r} is of a newer release")
    coming = revisions.scripts().iterate_revisions("head", present or "base")
    return [Step(one.revision, " ".join(one.doc.split("\n")[0].split())) for one in coming][::-1]


def migrate(engine: Engine) -> None:
    """Brings the schema up to date; does nothing where it is. Raises ForeignSchema."""
    if not steps(engine):
        return
    with writing(engine) as connection:
        hold_schema(connection)
        revisions.upgrade(connection)  # from where it stands by now
