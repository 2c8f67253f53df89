"""One process serves a store.

Lanes are leased and could be shared, but polls and timers would be done twice, and SQLite has one writer at a time
anyway. Commands that only look, or hand in a message, do not ask.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url

from gateway.store.engine import StoreUnavailable


class AlreadyServed(Exception):
    """Another process serves the store; the text is one sentence for the operator."""


@contextmanager
def alone(store: str) -> Iterator[None]:
    """Nobody else serves this store meanwhile. Raises AlreadyServed, StoreUnavailable.

    The lock is on a file beside the database; the end of the process, however it came, unlocks it.
    """
    database = make_url(store).database
    path = Path(f"{database}.serving")
    try:
        file = path.open("a+", encoding="ascii")
    except OSError as error:
        raise StoreUnavailable(f"the store's folder {path.parent} cannot be written: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise AlreadyServed(f"the store {database} is served by process {file.read(20)} already") from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
