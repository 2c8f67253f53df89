"""Opening the store: SQLite in WAL mode, migrated to the present schema.

Every commit is durable (`synchronous=FULL`); writers take the lock when they begin (`BEGIN IMMEDIATE`), because a
deferred transaction cannot upgrade without failing. Source: https://sqlite.org/wal.html and https://sqlite.org/lang_transaction.html
(read 2026-11).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import QueuePool

from gateway import ids
from gateway.store import times
from normalizer.ids import made_at

MIGRATIONS = Path(__file__).parent / "migrations"

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA busy_timeout = 10000",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -16384",
    "PRAGMA temp_store = MEMORY",
)


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
    except (DatabaseError, ForeignSchema) as error:
        engine.dispose()
        reason = getattr(error, "orig", error)
        raise StoreUnavailable(f"the store {make_url(url).database} cannot be opened: {reason}") from error
    return engine


def connect(url: str) -> Engine:
    """An engine, without looking at the schema."""
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


def keep_time(engine: Engine) -> None:
    """Whatever the wall says, this process's clock and ids begin after what the store has of its newest event."""
    with engine.connect() as connection:
        sql = "SELECT recorded_at, id FROM events ORDER BY position DESC LIMIT 1"
        newest = connection.exec_driver_sql(sql).one_or_none()
    if newest is not None:
        at, id_ = newest
        times.not_before(at)
        ids.not_before(max(at // 1000, made_at(id_)) + 1)  # an id is made after its transaction has begun


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes, for the rare changes beside the hub's writer. Commits at the end."""
    with engine.connect() as connection:
        connection.info["writes"] = True
        try:
            with connection.begin():
                yield connection
        finally:
            connection.info.pop("writes", None)


def migrate(engine: Engine) -> None:
    """Brings the schema up to date; does nothing where it is."""
    from alembic import command  # 50 ms of import that most commands never need
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    with engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    if present == scripts.get_current_head():
        return
    if present is not None and present not in {script.revision for script in scripts.walk_revisions()}:
        raise ForeignSchema(f"its schema {present!r} is of a newer release")
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
