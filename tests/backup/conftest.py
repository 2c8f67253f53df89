"""A hub's store with a customer, an answer and a file; and short ways to take, check and restore."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from gateway.arrival import Place
from gateway.backup.checking import check
from gateway.backup.layout import Header, Manifest, Row
from gateway.backup.restoring import Restored, restore
from gateway.backup.taking import take
from gateway.files import Files
from gateway.ids import new_id
from gateway.store import portable, revisions
from gateway.store.engine import connect, writing
from tests.send.conftest import Desk
from tests.stores import empty_url_of

FISH = b"fish" * 1000
REVISIONS = sorted(script.revision for script in revisions.scripts().walk_revisions())
HEAD = REVISIONS[-1]


class Kept:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.header: Header | None = None
        self.tables: dict[str, list[Row]] = {}
        self.files: dict[str, bytes] = {}

    def begin(self, header: Header) -> None:
        self.header = header

    def rows(self, table: str, rows: Sequence[Row]) -> None:
        self.tables.setdefault(table, []).extend(rows)

    def file(self, sha256: str, chunks: Any) -> None:
        self.files[sha256] = b"".join(chunks)


def taken(engine: Engine, files: Files) -> bytes:
    out = BytesIO()
    take(engine, files, out)
    return out.getvalue()


def read(archive: bytes) -> tuple[Manifest, Kept]:
    kept = Kept()
    return check(BytesIO(archive), kept, revisions.known), kept


class Target:
    """An empty store and an empty folder of files."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.engine = connect(empty_url_of(folder / "hub.db"))
        self.files = Files(folder / "files")

    def restore(self, archive: bytes, places: dict[str, Place] | None = None, *, send: bool = False) -> Restored:
        return restore(self.engine, self.files, BytesIO(archive), places or {}, send=send)

    def is_empty(self) -> bool:
        with self.engine.connect() as connection:
            empty = portable.is_empty(connection)
        return empty and not list(self.files.hashes()) and not list(self.files.folder.glob("*.coming"))

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(sql, parameters)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "old").mkdir()
    desk = Desk(tmp_path / "old")
    desk.say("how can I help?")
    attach(desk, desk.files.save([FISH], 1 << 20).sha256)
    yield desk
    desk.close()


def attach(desk: Desk, name: str) -> None:
    sql = (
        "INSERT INTO attachments (id, state, sha256, media_type, attempts, created_at)"
        " VALUES (?, 'stored', ?, 'image/png', 0, 0)"
    )
    with writing(desk.engine) as connection:
        connection.exec_driver_sql(sql, (new_id(), name))


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    target = Target(tmp_path / "new")
    yield target
    target.engine.dispose()
