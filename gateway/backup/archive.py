"""Reading a tar strictly: plain files with short names one after another, and nothing that could do harm.

Only the header of a member is taken into memory, which for these files is one block; what `tarfile` would read besides
(long names, extended headers, links, sparse files) is refused. Source: https://www.gnu.org/software/tar/manual/html_node/Standard.html
(read 2026-11).
"""

import tarfile
from collections.abc import Iterator
from typing import IO

from gateway.backup.layout import Damaged

BLOCK = 512
PIECE = 1 << 20
END = bytes(BLOCK)
MOST_PADDING = 1 << 20
"""Zeros after the end, with which writers fill up a record."""
TRUNCATED = "it ends too early: it was cut off, or is still being written"


class Member:
    """Its content is read once, from the front."""

    def __init__(self, name: str, size: int, stream: IO[bytes]) -> None:
        self.name = name
        self.size = size
        self._stream = stream
        self._left = size

    def __iter__(self) -> Iterator[bytes]:
        """Raises Damaged."""
        while self._left:
            chunk = self._stream.read(min(PIECE, self._left))
            if not chunk:
                raise Damaged(TRUNCATED)
            self._left -= len(chunk)
            yield chunk

    def read(self, most: int) -> bytes:
        """All of it. Raises Damaged."""
        if self.size > most:
            raise Damaged(f"{self.name!r} has {self.size} octets, of {most} at the most")
        return b"".join(self)


def members(stream: IO[bytes]) -> Iterator[Member]:
    """One after another; what is not read of one is skipped. Raises Damaged, OSError."""
    while (block := _exactly(stream, BLOCK)) != END:
        member = _member(block, stream)
        yield member
        for _ in member:
            continue
        _exactly(stream, -member.size % BLOCK)
    if _exactly(stream, BLOCK) != END:
        raise Damaged("after its end something stands")
    _only_zeros(stream)


def _member(block: bytes, stream: IO[bytes]) -> Member:
    try:
        info = tarfile.TarInfo.frombuf(block, "ascii", "strict")
    except (tarfile.HeaderError, ValueError) as error:
        raise Damaged("where a file should begin something else stands") from error
    if info.type != tarfile.REGTYPE or info.size < 0:
        raise Damaged(f"{info.name!r} is no plain file")
    return Member(info.name, info.size, stream)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = stream.read(size - len(found))
        if not more:
            raise Damaged(TRUNCATED)
        found += more
    return found


def _only_zeros(stream: IO[bytes]) -> None:
    read = 0
    while chunk := stream.read(BLOCK):
        read += len(chunk)
        if chunk.strip(b"\0") or read > MOST_PADDING:
            raise Damaged("after its end something stands")
