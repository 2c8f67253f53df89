"""Conversations by the number people call a case by: `#12`, or `12` where a shell would take the sign for a comment."""

import re

from sqlalchemy import Engine

PATTERN = "#?[0-9]{1,15}"
_NUMBER = re.compile(PATTERN, re.ASCII)


def is_number(name: str) -> bool:
    return _NUMBER.fullmatch(name) is not None


def conversation_called(engine: Engine, name: str) -> str | None:
    """The id of the conversation with this number or id; None where there is none. Blocks on the store."""
    column, value = ("number", int(name.removeprefix("#"))) if is_number(name) else ("id", name)
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"SELECT id FROM conversations WHERE {column} = ?", (value,))  # noqa: S608
        return found.scalar()
