"""Reading an archive to its end: nothing is believed that was not counted, and nothing is passed on unlooked at.

What it holds is handed to a `Sink` as it comes; only when `check` returns, it is known to be whole.
"""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from io import BytesIO
from itertools import count
from typing import IO, Any, Protocol

import msgspec

from gateway.backup.archive import Member, members
from gateway.backup.layout import (
    CONTENT,
    EVENTS,
    FILE,
    FORMAT,
    HEADER,
    LEAST,
    MANIFEST,
    MOST,
    MOST_JSON,
    MOST_LOST,
    MOST_PAGE,
    NAME,
    VERSION,
    Columns,
    Damaged,
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
from gateway.backup.sums import Hashed, Sums, Unordered

AT_ONCE = 500
"""Rows."""
PIECE = 1 << 20
HASH = re.compile(r"[0-9a-f]{64}")
GZIP = 16 + zlib.MAX_WBITS


class Mismatch(Exception):
    """A file's content is not what its name says."""


class Sink(Protocol):
    """Whoever makes something of it. All may raise Damaged."""

    def begin(self, header: Header) -> None: ...

    def rows(self, table: str, rows: Sequence[Row]) -> None: ...

    def file(self, sha256: str, chunks: Iterable[bytes]) -> None:
        """Keeps the file only when `chunks` ended without Mismatch, which it lets through."""


class Nowhere:
    """For who only wants to know."""

    def begin(self, header: Header) -> None: ...

    def rows(self, table: str, rows: Sequence[Row]) -> None: ...

    def file(self, sha256: str, chunks: Iterable[bytes]) -> None:  # noqa: ARG002 - read, and forgotten
        for _ in chunks:
            continue


def check(stream: IO[bytes], sink: Sink, known: Callable[[str], bool]) -> Manifest:
    """What a whole archive says of itself. `known` says whether this release knows a revision of the schema.

    Blocks. Raises Damaged, Newer, OSError, and what the sink raises.
    """
    with closing(Names()) as names:
        return _Check(members(stream), sink, known, names).run()


class _Check:
    def __init__(self, coming: Iterator[Member], sink: Sink, known: Callable[[str], bool], names: Names) -> None:
        self._coming = coming
        self._sink = sink
        self._known = known
        self._names = names
        """That rows name, and that did not come yet."""

    def run(self) -> Manifest:
        header = self._header()
        self._sink.begin(header)
        member, sums = self._rows(header, self._next())
        member, files, damaged = self._files(member)
        if member.name != MANIFEST:
            raise Damaged(f"{member.name!r} stands where it does not belong, or twice")
        manifest: Manifest = _decoded(member.read(MOST_JSON), Manifest, MANIFEST)
        for _ in self._coming:
            raise Damaged("after its manifest something stands")
        self._compare(header, manifest, sums, files, damaged)
        return manifest

    def _next(self) -> Member:
        member = next(self._coming, None)
        if member is None:
            raise Damaged("it has no manifest: it was cut off")
        return member

    def _header(self) -> Header:
        member = self._next()
        if member.name != HEADER:
            raise Damaged("it is no backup of a hub")
        octets = member.read(MOST_JSON)
        stated = _decoded(octets, _Stated, HEADER)
        if stated.format != FORMAT:
            raise Damaged("it is no backup of a hub")
        if stated.version > VERSION:
            raise Newer(f"it was made by a newer release: its format is {stated.version}, and {VERSION} is known here")
        header: Header = _decoded(octets, Header, HEADER)
        if not self._known(header.schema):
            raise Newer(f"it was made by a newer release: its schema {header.schema!r} is not known here")
        _look_at_tables(header)
        return header

    def _rows(self, header: Header, member: Member) -> tuple[Member, Sums]:
        sums = Sums(list(header.tables))
        for table, columns in header.tables.items():
            kind = msgspec.json.Decoder(row_type(columns))
            for number in count(1):
                if member.name != page_name(table, number):
                    break
                self._page(table, columns, kind, _unpacked(member), sums)
                member = self._next()
        return member, sums

    def _page(self, table: str, columns: Columns, kind: "msgspec.json.Decoder[Row]", page: bytes, sums: Sums) -> None:
        for lines in _some(BytesIO(page)):
            rows = [_row(kind, table, line) for line in lines]
            try:
                sums.add(table, columns, rows, b"".join(lines))
            except Unordered as error:
                raise Damaged("its events are not in the order of their positions") from error
            named = contents(columns, rows)
            if not all(HASH.fullmatch(name) for name in named):
                raise Damaged(f"a row of {table!r} names a file by what is no hash")
            self._names.add(named)
            self._sink.rows(table, rows)

    def _files(self, member: Member) -> tuple[Member, FilesSum, list[str]]:
        count = octets = 0
        damaged: list[str] = []
        while found := FILE.fullmatch(member.name):
            name = found[1]
            if not self._names.take(name):
                raise Damaged(f"no row names the file {name}, or it stands there twice")
            try:
                self._sink.file(name, _verified(member, name))
            except Mismatch:
                damaged.append(name)
                if len(damaged) > MOST_LOST:
                    raise Damaged("its files are not what their names say") from None
            count, octets = count + 1, octets + member.size
            member = self._next()
        return member, FilesSum(count, octets), damaged

    def _compare(self, header: Header, manifest: Manifest, sums: Sums, files: FilesSum, damaged: list[str]) -> None:
        for said, found, what in (
            (_head(manifest), header, "its manifest is of another backup than its header"),
            (manifest.rows, sums.tables(), "its rows are not those its manifest tells of"),
            (manifest.feed, sums.feed(), "its feed is not the one its manifest tells of"),
            (manifest.files, files, "its files are not those its manifest tells of"),
            (sorted(manifest.damaged), sorted(damaged), "files of it are damaged"),
        ):
            if said != found:
                raise Damaged(what)
        if any(not self._names.take(name) for name in manifest.missing):
            raise Damaged("its manifest misses files that no row names")
        for name in self._names:
            raise Damaged(f"the file {name} is missing in it")


class _Stated(msgspec.Struct):
    """What every version of the format says first."""

    format: str
    version: int


def _head(manifest: Manifest) -> Header:
    return Header(**{name: getattr(manifest, name) for name in Header.__struct_fields__})


def _look_at_tables(header: Header) -> None:
    """Raises Damaged for names that could not be a store's."""
    for table, columns in header.tables.items():
        names = [name for name, _ in columns]
        if not names or len(set(names)) < len(names) or not all(NAME.fullmatch(name) for name in (table, *names)):
            raise Damaged("its header tells of tables that cannot be")
        if dict(columns).get(CONTENT, "text") != "text":
            raise Damaged("its header tells of tables that cannot be")
    kinds = dict(header.tables.get(EVENTS, ()))
    if {name: kinds.get(name) for name in FEED} != FEED:
        raise Damaged("its header tells of no feed")


FEED = {"position": "integer", "type": "text", "body": "octets"}


def _decoded(octets: bytes, kind: type[Any], name: str) -> Any:
    try:
        return msgspec.json.decode(octets, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Damaged(f"{name} cannot be read: {error}") from error


def _unpacked(member: Member) -> bytes:
    """A page of rows. Raises Damaged, at the latest when it has become too much."""
    inflating, page = zlib.decompressobj(GZIP), bytearray()
    try:
        for chunk in member:
            page += inflating.decompress(chunk, MOST_PAGE + 1 - len(page))
            if len(page) > MOST_PAGE:
                raise Damaged(f"{member.name!r} holds more than {MOST_PAGE} octets")
            if inflating.unconsumed_tail or inflating.unused_data:
                raise Damaged(f"{member.name!r} holds more than one page")
    except zlib.error as error:
        raise Damaged(f"{member.name!r} cannot be unpacked: {error}") from error
    if not inflating.eof:
        raise Damaged(f"{member.name!r} ends too early")
    return bytes(page)


def _some(page: IO[bytes]) -> Iterator[list[bytes]]:
    """Lines, some at a time."""
    lines: list[bytes] = []
    for line in page:
        lines.append(line)
        if len(lines) == AT_ONCE:
            yield lines
            lines = []
    if lines:
        yield lines


def _row(kind: "msgspec.json.Decoder[Row]", table: str, line: bytes) -> Row:
    try:
        row = kind.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Damaged(f"a row of {table!r} cannot be read: {error}") from error
    if any(type(value) is int and not LEAST <= value <= MOST for value in row) or not line.endswith(b"\n"):
        raise Damaged(f"a row of {table!r} cannot be read")
    return row


def _verified(member: Member, name: str) -> Iterator[bytes]:
    """Raises Mismatch after the last chunk."""
    hashed = Hashed(member)
    yield from hashed
    if hashed.sha256 != name:
        raise Mismatch(name)
