"""A store made of a backup, in one transaction: before its end nobody sees any of it, and a crash leaves nothing.

The schema is made as it was when the backup was taken, filled, and brought up to date as an upgrade would. Then a new
epoch of the feed begins, leases that nobody holds any more are handed back, and what may have been sent since becomes
uncertain.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from sqlalchemy import Connection, Engine, delete, update
from sqlalchemy.exc import DBAPIError

from gateway.arrival import Place
from gateway.backup.checking import check
from gateway.backup.doubt import doubt
from gateway.backup.layout import Damaged, Header, Manifest, Row
from gateway.backup.names import Names
from gateway.epochs import begin_epoch
from gateway.files import Files
from gateway.store import portable, revisions, schema
from gateway.store.engine import StoreUnavailable, hold_schema, session_on, writing
from gateway.store.memory import Memory
from gateway.store.session import StoreTrouble, sentence
from gateway.store.times import now
from gateway.store.transaction import Transaction


class NotEmpty(Exception):
    """Something stands in the store already; it was not touched."""


@dataclass(frozen=True)
class Restored:
    manifest: Manifest
    epoch: str
    """The position the feed goes on with."""
    kept: str
    """The newest position of before."""
    uncertain: int
    """Deliveries that may have been sent since."""


def restore(engine: Engine, files: Files, stream: IO[bytes], places: Mapping[str, Place], *, send: bool) -> Restored:
    """Fills an empty store, and the folder of files. `places` by connector; `send`: nothing was sent since the backup.

    Blocks. Raises NotEmpty, Damaged, Newer, StoreUnavailable, OSError; then the store is as empty as it was.
    """
    with _undone(files) as added, _troubles(), writing(engine) as connection:
        hold_schema(connection)
        if not portable.is_empty(connection):
            raise NotEmpty("the store is not empty")
        filling = _Filling(connection, files, added)
        manifest = check(stream, filling, revisions.known)
        filling.end()
        revisions.upgrade(connection)
        return _settled(connection, manifest, places, send=send)


class _Filling:
    """What the archive holds goes where it belongs."""

    def __init__(self, connection: Connection, files: Files, added: Names) -> None:
        self._connection = connection
        self._files = files
        self._added = added
        self._filling: portable.Filling | None = None

    def begin(self, header: Header) -> None:
        revisions.upgrade(self._connection, header.schema)
        there = portable.tables(self._connection)
        if {name: set(table.columns) for name, table in there.items()} != {
            name: set(columns) for name, columns in header.tables.items()
        }:
            raise Damaged(f"its tables are not those of the schema {header.schema!r}")
        self._columns = {name: [column for column, _ in columns] for name, columns in header.tables.items()}
        self._filling = portable.filling(self._connection)

    def rows(self, table: str, rows: Sequence[Row]) -> None:
        assert self._filling is not None
        try:
            self._filling.add(table, self._columns[table], rows)
        except portable.Unfit as error:
            raise Damaged(f"a row of {table!r} cannot be: {error}") from error

    def file(self, sha256: str, chunks: Iterable[bytes]) -> None:
        if not self._files.exists(sha256):
            self._added.add([sha256])
        self._files.save(chunks, most=1 << 62)

    def end(self) -> None:
        """After all rows."""
        assert self._filling is not None
        self._filling.end()


def _settled(connection: Connection, manifest: Manifest, places: Mapping[str, Place], *, send: bool) -> Restored:
    at = now()
    for table in (schema.lanes, schema.subscriptions):
        connection.execute(update(table).values(owner="", lease_until=0))
    connection.execute(delete(schema.leases))
    with session_on(connection) as session:
        transaction = Transaction(session, at, Memory())
        epoch, kept = begin_epoch(connection, manifest.taken_at, transaction.now_us)
        uncertain = doubt(transaction, manifest.taken_at, places, send=send)
        transaction.flush()
    return Restored(manifest, epoch, str(kept), uncertain)


@contextmanager
def _undone(files: Files) -> Iterator[Names]:
    """Where it fails, files that were not there before go. What a kill leaves goes a day after the hub next starts.

    An interruption counts as a kill: it may come just after the store was committed.
    """
    added = Names()
    try:
        yield added
    except Exception:
        for name in added:
            files.remove(name, unchanged=0.0)
        raise
    finally:
        added.close()


@contextmanager
def _troubles() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, StoreTrouble) as error:
        raise StoreUnavailable(f"the store cannot be filled: {sentence(error)}") from error
