"""A store for each test, on the engine the test runs with.

Tests of the folders in BOTH that keep anything (they ask for `tmp_path`) run twice: on SQLite, and on PostgreSQL where
a server can be reached. `@pytest.mark.engine("sqlite")` is for what only one of them has. `url_of(path)` is the store
that stands, or would stand, at a path: on SQLite a copy of one that is migrated, for migrating takes longer than most
tests; on PostgreSQL a database of its own, copied likewise, or one of an earlier test that was emptied again, which
takes a tenth of the time.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psycopg
import pytest

from gateway.store.engine import open_store
from tests.servers import ADDRESSES, reachable

ENGINES = ("sqlite", "postgresql")
EITHER = ("sqlite", pytest.param("postgresql", marks=pytest.mark.server("postgresql")))
"""For fixtures of a whole module, which enter `on` themselves."""
BOTH = ("api", "background", "backup", "people", "record", "relay", "send", "service")
"""Folders of tests/."""
_engine = "sqlite"
_made: dict[str, str] = {}
"""Databases of the test that runs, by the path of the store."""
_empty: list[str] = []
"""Databases of earlier tests, emptied."""
_numbers = count(1)
_SHAPE = (
    "SELECT md5(string_agg(concat(c.relname, a.attname, t.tgname), ',' ORDER BY c.relname, a.attname, t.tgname))"
    " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_trigger t ON t.tgrelid = c.oid"
    " WHERE c.relnamespace = 'public'::regnamespace"
)
"""Tells a schema from one that a test has changed."""
_REVISION = "SELECT FROM alembic_version"
_ALONE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
_SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'"


def engines_of(metafunc: pytest.Metafunc) -> tuple[str, ...]:
    """With what engines a test runs."""
    marker = metafunc.definition.get_closest_marker("engine")
    if marker:
        return tuple(marker.args)
    folder = Path(str(metafunc.module.__file__)).parent.name
    return ENGINES if folder in BOTH and "tmp_path" in metafunc.fixturenames else ENGINES[:1]


def parametrize(metafunc: pytest.Metafunc) -> None:
    engines = engines_of(metafunc)
    if engines != ENGINES[:1]:
        marks = {"postgresql": [pytest.mark.server("postgresql")]}
        params = [pytest.param(engine, marks=marks.get(engine, [])) for engine in engines]
        metafunc.parametrize("store_engine", params, indirect=True)


@contextmanager
def on(engine: str) -> Iterator[str]:
    """Stores are on this engine meanwhile, and are removed afterwards."""
    global _engine
    before, _engine = _engine, engine
    others = dict(_made)
    try:
        yield engine
    finally:
        _engine = before
        for path, name in list(_made.items()):
            if path not in others:
                _put_away(name)
                del _made[path]


def url_of(path: Path | str, *, made: bool = True) -> str:
    """The same store for the same path, as long as the test runs. Not `made`: a SQLite file is whoever opens it to
    make."""
    if _engine == "sqlite":
        return f"sqlite:///{migrated(Path(path)) if made else path}"
    return database_of(str(path))


def migrated(path: Path) -> Path:
    """The file of a SQLite store at this path, which has the present schema if it is new."""
    if not path.exists():
        path.write_bytes(_migrated_store())
    return path


@cache
def _migrated_store() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "hub.db"
        open_store(f"sqlite:///{path}").dispose()
        return path.read_bytes()


def empty_url_of(path: Path | str) -> str:
    """A store without a schema."""
    return f"sqlite:///{path}" if _engine == "sqlite" else database_of(str(path), empty=True)


def database_of(path: str, *, empty: bool = False) -> str:
    """The address of a database for this path; `empty`: without a schema."""
    if path not in _made:
        _made[path] = _new("template0") if empty else _empty.pop() if _empty else _new(_template())
    return address_of(_made[path])


def _new(template: str) -> str:
    name = f"onethread_{os.getpid()}_{next(_numbers)}"
    _administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name} TEMPLATE {template}")
    return name


def _put_away(name: str) -> None:
    """Empties it for the next test; where a test changed its schema, it goes."""
    with psycopg.connect(address_of(name), autocommit=True) as connection:
        connection.execute(_ALONE)
        if connection.execute(_SHAPE).fetchone() == _shape() and connection.execute(_REVISION).fetchone():
            tables = [table for (table,) in connection.execute(_TABLES).fetchall()]
            sequences = [sequence for (sequence,) in connection.execute(_SEQUENCES).fetchall()]
            emptied = [f"DELETE FROM {table}" for table in tables]  # noqa: S608 - names the database gave
            connection.execute("; ".join([*emptied, *(f"ALTER SEQUENCE {one} RESTART" for one in sequences)]).encode())
            _empty.append(name)
            return
    _administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def address_of(database: str) -> str:
    return urlsplit(ADDRESSES["postgresql"])._replace(path=f"/{database}").geturl()


@cache
def _template() -> str:
    """The name of a database that is migrated; it goes with the process."""
    name = f"onethread_{os.getpid()}_template"
    _administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    open_store(address_of(name)).dispose()
    return name


@cache
def _shape() -> object:
    with psycopg.connect(address_of(_template()), autocommit=True) as connection:
        return connection.execute(_SHAPE).fetchone()


def remove() -> None:
    """At the end: what this process made."""
    if _template.cache_info().currsize and reachable("postgresql"):
        with suppress(psycopg.OperationalError):
            for name in (*_empty, _template()):
                _administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _administer(*statements: str) -> None:
    with psycopg.connect(ADDRESSES["postgresql"], autocommit=True) as connection:
        for sql in statements:
            connection.execute(sql.encode())
