"""The structure of a mail: its parts as ranges of its octets, found in time linear in its size.

Nothing is decoded or copied but header blocks, so a source may be a mapped file of any size. What follows no standard
is read as the common mail programs read it: a missing end of a multipart ends with what holds it, a multipart without
parts is text, a line in a header that is no field is passed over. Only what could cost without bound is refused.
Source: RFC 5322, RFC 2045, RFC 2046 §5.1 (read 2026-11).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from mmap import mmap

from connectors.families.mail.mime_fields import Fields, content_type, read_fields
from connectors.kit.errors import BadPayload

Octets = bytes | mmap
MOST_PARTS = 1000
MOST_DEPTH = 20
MOST_HEADER = 256 << 10
"""Octets of one header block."""
MOST_ALIKE = 10_000
"""Lines that begin like a boundary and are none, in one multipart."""
MOST_BOUNDARY = 250
_END_OF_HEADER = re.compile(rb"\n\r?\n")
_FIELD = re.compile(rb"[!-9;-~]{1,200}[ \t]{0,20}:")
_REST = re.compile(rb"(--)?[ \t]{0,100}(?:\r?\n|\Z)")
_NEWLINES = (b"\n", b"\r\n")


@dataclass(frozen=True)
class Piece:
    """One part. `start` and `end` are where its encoded body lies in the source."""

    number: str
    """As IMAP counts them (RFC 9051 §6.4.5.1): `1`, `2.1`; of a multipart itself, that of its place."""
    fields: Fields
    kind: str
    """`text/plain`, in lower case."""
    parameters: Mapping[str, str]
    start: int
    end: int
    children: tuple["Piece", ...] = field(default=())

    def leaves(self) -> Iterator["Piece"]:
        """The parts that hold something, in their order."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


def read_structure(source: Octets, start: int = 0, end: int | None = None) -> Piece:
    """The mail in `source[start:end]`. Raises BadPayload for one that is built to cost."""
    end = len(source) if end is None else end
    return _Reader(source).piece(start, end, "", 0)


def read_header(source: Octets, start: int, end: int) -> tuple[Fields, int]:
    """The fields of a header block, and where the body begins. Raises BadPayload."""
    window = bytes(source[start : min(end, start + MOST_HEADER)])
    skipped = window.find(b"\n") + 1 if window.startswith((b"From ", b">From ")) else 0
    if window.startswith(_NEWLINES, skipped):
        return Fields(()), start + skipped + (1 if window[skipped : skipped + 1] == b"\n" else 2)
    if not _FIELD.match(window, skipped):
        return Fields(()), start
    blank = _END_OF_HEADER.search(window, skipped)
    if blank:
        return read_fields(window[skipped : blank.start()]), start + blank.end()
    if start + len(window) < end:
        raise BadPayload(f"a header of more than {MOST_HEADER} octets")
    return read_fields(window[skipped:]), end


class _Reader:
    def __init__(self, source: Octets) -> None:
        self._source = source
        self._parts = 0

    def piece(self, start: int, end: int, number: str, depth: int, default: str = "text/plain") -> Piece:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise BadPayload(f"more than {MOST_PARTS} parts")
        if depth > MOST_DEPTH:
            raise BadPayload(f"parts within parts, more than {MOST_DEPTH} deep")
        fields, body = read_header(self._source, start, end)
        kind, parameters = content_type(fields.first("content-type"), default)
        boundary = parameters.get("boundary", "").encode("utf-8", "replace")[:MOST_BOUNDARY].rstrip()
        if kind.startswith("multipart/"):
            ranges = self._ranges(boundary, body, end) if boundary else []
            within = "message/rfc822" if kind == "multipart/digest" else "text/plain"
            children = tuple(
                self.piece(first, last, f"{number}.{n}".lstrip("."), depth + 1, within)
                for n, (first, last) in enumerate(ranges, 1)
            )
            if children:
                return Piece(number, fields, kind, parameters, body, end, children)
            kind = "text/plain"
        return Piece(number or "1", fields, kind, parameters, body, end)

    def _ranges(self, boundary: bytes, start: int, end: int) -> list[tuple[int, int]]:
        """Where the parts between the boundary's lines lie; the last ends with the whole where no line closes it."""
        ranges: list[tuple[int, int]] = []
        opened: int | None = None
        for line, after, closes in self._lines(boundary, start, end):
            if opened is not None:
                ranges.append((opened, max(opened, line)))
            if closes:
                return ranges
            opened = after
            if self._parts + len(ranges) > MOST_PARTS:
                raise BadPayload(f"more than {MOST_PARTS} parts")
        if opened is not None:
            ranges.append((opened, end))
        return ranges

    def _lines(self, boundary: bytes, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
        """Where each line of the boundary begins, its newline before included, where it ends, and whether it closes."""
        source, needle = self._source, b"\n--" + boundary
        at = start - 1 if source[start : start + len(needle) - 1] == needle[1:] else source.find(needle, start, end)
        alike = 0
        while at != -1:
            after = at + len(needle)
            rest = _REST.match(source, after, end)
            if rest:
                before = at - 1 if at > start and source[at - 1 : at] == b"\r" else at
                yield max(before, start), rest.end(), rest[1] is not None
                after = rest.end() - 1
            else:
                alike += 1
                if alike > MOST_ALIKE:
                    raise BadPayload(f"more than {MOST_ALIKE} lines that are almost boundaries")
            at = source.find(needle, after, end)
