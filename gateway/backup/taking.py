"""Taking a backup: one state of the store, read beside whoever writes, and the files it names.

The state is let go before files are copied: files never change, and stay for a day after nothing names them any more.
Memory is bounded by the largest row.
"""

import gzip
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from io import BytesIO
from typing import IO

import msgspec
from sqlalchemy import Connection, Engine

from gateway.backup.layout import (
    FORMAT,
    HEADER,
    MANIFEST,
    MOST_LOST,
    MOST_PAGE,
    PAGE,
    VERSION,
    FilesSum,
    Header,
    Manifest,
    Newer,
    Row,
    contents,
    page_name,
    row_type,
)
from gateway.backup.names import Names
from gateway.backup.sums import Hashed, Sums
from gateway.epochs import epoch_of
from gateway.files import Files
from gateway.store import portable, revisions
from gateway.store.times import now

ROWS = 500
"""Fetched at a time."""
PIECE = 1 << 20
LEVEL = 1
"""Of compression: a better one takes three times as long for a tenth less."""


class NothingThere(Exception):
    """The store has no schema yet, so there is nothing to back up."""


class Beyond(Exception):
    """More than an archive can hold; the text says what."""


def take(engine: Engine, files: Files, out: IO[bytes]) -> Manifest:
    """Writes the archive. Blocks. Raises NothingThere, Newer, Beyond, OSError and what the store raises."""
    with closing(Names()) as names, tarfile.open(fileobj=out, mode="w|", format=tarfile.GNU_FORMAT) as archive:
        header, sums = _take_rows(engine, archive, names)
        total, missing, damaged = _take_files(files, archive, names)
        manifest = Manifest(
            **msgspec.structs.asdict(header),
            rows=sums.tables(),
            feed=sums.feed(),
            files=total,
            missing=missing,
            damaged=damaged,
        )
        _add(archive, MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


def _take_rows(engine: Engine, archive: tarfile.TarFile, names: Names) -> tuple[Header, Sums]:
    with portable.one_state(engine) as state:
        header = _header(state)
        _add(archive, HEADER, msgspec.json.format(msgspec.json.encode(header)))
        sums = Sums(list(header.tables))
        for name, table in portable.tables(state).items():
            columns = header.tables[name]
            pages = _pages(_rows(state, name, table))
            for number, (lines, rows) in enumerate(pages, 1):
                sums.add(name, columns, rows, lines)
                names.add(contents(columns, rows))
                _add(archive, page_name(name, number), gzip.compress(lines, LEVEL, mtime=0))
    return header, sums


def _header(state: Connection) -> Header:
    revision = revisions.present(state)
    if revision is None:
        raise NothingThere("the store is empty: there is nothing to back up")
    if not revisions.known(revision):
        raise Newer(f"the schema {revision!r} of the store is of a newer release")
    return Header(
        format=FORMAT,
        version=VERSION,
        schema=revision,
        epoch=epoch_of(state),
        taken_at=now(),
        tables={name: table.columns for name, table in portable.tables(state).items()},
    )


def _rows(state: Connection, name: str, table: portable.Portable) -> Iterator[Row]:
    """In the order of the primary key. Raises Beyond for what the schema does not allow there."""
    kind = row_type(table.columns)
    with state.execution_options(yield_per=ROWS).execute(table.rows) as result:
        for row in result:
            try:
                yield msgspec.convert(tuple(row), kind, builtin_types=(bytes,))
            except msgspec.ValidationError as error:
                raise Beyond(f"a row of {name} holds what it should not: {error}") from error


def _pages(rows: Iterable[Row]) -> Iterator[tuple[bytes, list[Row]]]:
    """Lines, and the rows they hold."""
    lines, page, encoder = bytearray(), [], msgspec.json.Encoder()
    for row in rows:
        lines += encoder.encode(row)
        lines += b"\n"
        if len(lines) > MOST_PAGE:
            raise Beyond(f"a row has more than {MOST_PAGE - PAGE} octets")
        page.append(row)
        if len(lines) >= PAGE:
            yield bytes(lines), page
            lines, page = bytearray(), []
    if page:
        yield bytes(lines), page


def _take_files(
    files: Files, archive: tarfile.TarFile, names: Names
) -> tuple[FilesSum, tuple[str, ...], tuple[str, ...]]:
    """What was copied, what was missing, and what was damaged."""
    count = octets = 0
    missing: list[str] = []
    damaged: list[str] = []
    for name in names:
        if len(missing) + len(damaged) > MOST_LOST:
            raise Beyond(f"more than {MOST_LOST} files that rows name are missing; is it the right folder?")
        try:
            file = files.path(name).open("rb")
        except FileNotFoundError:
            missing.append(name)
            continue
        with file:
            copied = _copy(archive, name, file)
        if copied.sha256 != name:
            damaged.append(name)
        count, octets = count + 1, octets + copied.octets
    return FilesSum(count, octets), tuple(missing), tuple(damaged)


def _copy(archive: tarfile.TarFile, name: str, file: IO[bytes]) -> Hashed:
    info = tarfile.TarInfo(f"files/{name}")
    info.size, info.mode = file.seek(0, 2), 0o600
    file.seek(0)
    hashed = Hashed(iter(lambda: file.read(PIECE), b""))
    archive.addfile(info, _Reading(hashed))  # type: ignore[arg-type]  # only `read` is asked of it
    return hashed


class _Reading:
    """Chunks as a file of which so and so many octets are read."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._left = b""

    def read(self, size: int) -> bytes:
        while len(self._left) < size and (chunk := next(self._chunks, b"")):
            self._left += chunk
        taken, self._left = self._left[:size], self._left[size:]
        return taken


def _add(archive: tarfile.TarFile, name: str, octets: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(octets), 0o600
    archive.addfile(info, BytesIO(octets))
