"""The store, opened beside a running hub: by an operator on its machine, who needs no key."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gateway.cli.output import Exit, Failure, one_line

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gateway.settings import Settings


@contextmanager
def opened(settings: "Settings") -> "Iterator[Engine]":
    """The engine, until the end of the command. Raises Failure."""
    from gateway.settings.sealing import WrongKey
    from gateway.store.engine import StoreUnavailable, open_store

    try:
        engine = open_store(settings.store_url)
    except StoreUnavailable as error:
        raise Failure(str(error), Exit.STORE) from error
    try:
        yield engine
    except WrongKey as error:
        raise Failure(str(error), Exit.CONFIGURATION) from error
    finally:
        engine.dispose()


def conversation_id(engine: "Engine", name: str) -> str:
    """The id of the conversation that goes by this id or number. Raises Failure."""
    from gateway.case_numbers import conversation_called

    found = conversation_called(engine, name)
    if found is None:
        raise Failure(f"there is no conversation {one_line(name)}")
    return found
