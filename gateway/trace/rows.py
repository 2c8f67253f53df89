"""Statements on one state of the store."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine

from gateway.store.transaction import listed

IN = "IN (SELECT value FROM json_each(?))"
"""A list or a set as one parameter."""


class Rows:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.notes: list[str] = []
        """What was not looked at, for whoever reads the story."""

    def __call__(self, sql: str, *parameters: object) -> list[Any]:
        """Lists and sets are passed as JSON, for `IN`."""
        plain = tuple(listed(value) if isinstance(value, list | set) else value for value in parameters)
        return list(self._connection.exec_driver_sql(sql, plain))

    def note(self, sentence: str) -> None:
        """Once, however often it is said."""
        if sentence not in self.notes:
            self.notes.append(sentence)


@contextmanager
def snapshot(engine: Engine) -> Iterator[Rows]:
    """The store as it is now, whatever is written meanwhile."""
    with engine.connect() as connection:
        yield Rows(connection)
