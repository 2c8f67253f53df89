"""Statements on one state of the store."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine

from gateway.store.transaction import listed


class Rows:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(self, sql: str, *parameters: object) -> list[Any]:
        """Lists and sets are passed as JSON, for `IN (SELECT value FROM json_each(?))`."""
        plain = tuple(listed(value) if isinstance(value, list | set) else value for value in parameters)
        return list(self._connection.exec_driver_sql(sql, plain))


@contextmanager
def snapshot(engine: Engine) -> Iterator[Rows]:
    """The store as it is now, whatever is written meanwhile."""
    with engine.connect() as connection:
        yield Rows(connection)
