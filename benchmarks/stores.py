"""The stores that are measured: a file in the round's folder, or a database of its own on a PostgreSQL server."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from benchmarks.contenders import SQLITE
from gateway.store.engine import connect

NUMBERED_WITHIN = 5.0
"""Seconds."""


def shared(url: str) -> bool:
    """Whether several processes may use it."""
    return make_url(url).get_backend_name() == "postgresql"


@contextmanager
def fresh(url: str, folder: Path) -> Iterator[str]:
    """The address of an empty store: a file in the folder, or a database made here and dropped at the end."""
    if not shared(url):
        yield f"sqlite:///{folder / 'hub.db'}" if url == SQLITE else url
        return
    database = f"onethread_bench_{uuid4().hex[:12]}"
    server = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {database}"))
        try:
            yield make_url(url).set(database=database).render_as_string(hide_password=False)
        finally:
            connection.execute(text(f"DROP DATABASE {database} WITH (FORCE)"))
    server.dispose()


def recorded(url: str) -> set[str]:
    """The numbers of the messages in the store, each of which must stand there once, with its event.

    On PostgreSQL events get their positions after the commit: those of requests under way at the end, a moment later.
    """
    engine, end = connect(url), time.monotonic() + NUMBERED_WITHIN
    while True:
        with engine.connect() as store:
            bodies = [bytes(body) for (body,) in store.exec_driver_sql("SELECT body FROM messages")]
            received = "SELECT count(*) FROM events WHERE type = 'message.received'"
            events = store.exec_driver_sql(received).scalar_one()
        numbers = {json.loads(body)["external_ids"][0].partition(":")[0] for body in bodies}
        if len(numbers) == len(bodies) == events or time.monotonic() > end:
            break
        time.sleep(0.1)
    engine.dispose()
    if not len(numbers) == len(bodies) == events:
        raise SystemExit(f"hub: {len(numbers)} numbers, {len(bodies)} messages and {events} events in the store")
    return numbers


def version_of(url: str) -> str:
    """The engine, as it names itself."""
    with connect(url).connect() as store:
        asked = "SHOW server_version" if shared(url) else "SELECT sqlite_version()"
        return f"{make_url(url).get_backend_name()} {store.exec_driver_sql(asked).scalar_one()}"
