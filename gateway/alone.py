"""One process serves a store in SQLite, which has one writer at a time; a database takes any number of them.

Commands that only look, or hand in a message, do not ask.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy.engine import make_url

from gateway.store.engine import StoreUnavailable


class AlreadyServed(Exception):
    """Another process serves the store; the text is one sentence for the operator."""


@contextmanager
def alone(store: str) -> Iterator[None]:
    """Nobody else serves this store meanwhile. Raises AlreadyServed, StoreUnavailable.

    The lock is on a file beside the database; the end of the process, however it came, unlocks it. The file is removed
    while the lock is still held, and one that a kill left is taken over.
    """
    address = make_url(store)
    if address.get_backend_name() != "sqlite":
        yield
        return
    path = Path(f"{address.database}.serving")
    with _locked(path) as file:
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _locked(path: Path) -> IO[str]:
    """The file, which nobody else has locked and which lies at its path: one that was removed locks nobody out."""
    while True:
        try:
            file = path.open("a+", encoding="ascii")
        except OSError as error:
            raise StoreUnavailable(f"the store's folder {path.parent} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _lies_at(path, file):
                return file
        except BlockingIOError as error:
            file.seek(0)
            who = f"process {pid}" if (pid := file.read(20)) else "another process"  # which is just about to say
            file.close()
            raise AlreadyServed(f"the store {path.with_suffix('')} is served by {who} already") from error
        file.close()


def _lies_at(path: Path, file: IO[str]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
