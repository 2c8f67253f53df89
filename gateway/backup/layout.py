"""What stands in an archive, and where (docs/how-to/back-up.md).

A tar of plain files in this order: `header.json`; the rows of each table, `tables/<name>/00000001.jsonl.gz` and so on,
tables and rows in order; files, `files/<sha256>`, in the order of their names; `manifest.json`. A row is a JSON array
on a line of its own, octets in base64. Nothing in it is of one engine.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from gateway.store.portable import Kind
from normalizer.model import Time

FORMAT = "onethread-backup"
VERSION = 1
HEADER, MANIFEST = "header.json", "manifest.json"
PAGE = 4 << 20
"""Octets of rows, before compression, after which the next page begins."""
MOST_PAGE = 128 << 20
"""Octets of a page: one row may be as large."""
MOST_JSON = 16 << 20
"""Octets of header or manifest."""
MOST_LOST = 100_000
"""Files that may be missing or damaged."""
FILE = re.compile(r"files/([0-9a-f]{64})")
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
LEAST, MOST = -(1 << 63), (1 << 63) - 1
TYPES: Mapping[Kind, Any] = {Kind.INTEGER: int, Kind.TEXT: str, Kind.OCTETS: bytes, Kind.BOOLEAN: bool}
EVENTS = "events"
CONTENT = "sha256"
"""A column of this name, in whatever table, names a file."""
Columns = tuple[tuple[str, Kind], ...]
Row = tuple[Any, ...]


class Damaged(Exception):
    """It is no whole backup; the text says in one sentence what is wrong with it."""


class Newer(Exception):
    """It was made by a newer release; the text says so."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    format: str
    version: int
    schema: str
    """Revision of the store's schema."""
    epoch: str
    """Of the feed: the position it began with after it was last restored, or 0."""
    taken_at: Time
    """Of the state; what was committed later is not in it."""
    tables: dict[str, Columns]


class TableSum(msgspec.Struct, frozen=True):
    rows: int
    sha256: str
    """Of its lines, each with its end."""


class FeedSum(msgspec.Struct, frozen=True):
    events: int
    newest: int
    """Position of the last one, or 0."""
    sha256: str
    """Of the events as the feed gives them, each with a line's end."""


class FilesSum(msgspec.Struct, frozen=True):
    count: int
    octets: int


class Manifest(Header, frozen=True, kw_only=True):
    """What the header says, and what was found to be in it."""

    rows: dict[str, TableSum]
    feed: FeedSum
    files: FilesSum
    missing: tuple[str, ...]
    """Files that rows name and that were not there."""
    damaged: tuple[str, ...]
    """Files whose content was not what their name says."""


def page_name(table: str, number: int) -> str:
    """From 1."""
    return f"tables/{table}/{number:08d}.jsonl.gz"


def row_type(columns: Columns) -> Any:
    """What a row of these columns is to msgspec, which checks it both ways."""
    return tuple[tuple(TYPES[kind] | None for _, kind in columns)]  # type: ignore[misc]  # made while it runs


def contents(columns: Columns, rows: Iterable[Sequence[Any]]) -> list[str]:
    """The files that rows name."""
    at = [n for n, (name, _) in enumerate(columns) if name == CONTENT]
    return [row[n] for row in rows for n in at if row[n] is not None]
