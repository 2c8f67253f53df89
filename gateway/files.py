"""Files by their content: each lies under the SHA-256 of its octets, and is durable before `save` returns.

A file grows under a temporary name in the same folder and takes its own by a rename, so what bears a hash is whole. The
same content twice is one file. Who refers to a file is the store's knowledge (`gateway.leftovers`).
"""

import asyncio
import errno
import fcntl
import os
import re
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from tempfile import NamedTemporaryFile
from threading import Lock
from typing import IO

import structlog

from gateway.store.engine import StoreUnavailable

log = structlog.get_logger()
PIECE = 1 << 20
"""Octets gathered before a thread is asked to write them."""
COMING = ".coming"
"""How temporary names end."""
STALE = 3600.0
"""Seconds after which a temporary file is what a crash left."""
HASH = re.compile(r"[0-9a-f]{64}")
PAIR = re.compile(r"[0-9a-f]{2}")
MOST_NAME = 255
ANY_TYPE = "application/octet-stream"
MARKS = ".stores"
"""The folder of the marks that stores leave."""


NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Of an OSError: the disk, or what we may have of it, is full."""


class TooLarge(Exception):
    """The file has more octets than it may; nothing was kept."""


@dataclass(frozen=True)
class StoredFile:
    sha256: str
    """Hexadecimal, lower-case."""
    size: int
    """Octets."""
    path: Path


class Files:
    """The files under one folder, shared by any number of threads and processes."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder, and clears what a crash left. Raises StoreUnavailable."""
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _clear(folder)
        except OSError as error:
            raise StoreUnavailable(f"the folder for files {folder} cannot be used: {error.strerror}") from error

    def save(self, chunks: Iterable[bytes], most: int) -> StoredFile:
        """Keeps a file of at most `most` octets. Blocks. Raises TooLarge, OSError."""
        draft = _Draft(self, most)
        try:
            for chunk in chunks:
                draft.add(chunk)
            return draft.keep()
        finally:
            draft.drop()

    async def save_async(self, chunks: AsyncIterator[bytes], most: int) -> StoredFile:
        """`save` on the event loop; threads do the disk's work. Raises TooLarge, OSError."""
        draft, gathered = _Draft(self, most), bytearray()
        try:
            async for chunk in chunks:
                gathered += chunk
                if len(gathered) >= PIECE:
                    await asyncio.to_thread(draft.add, bytes(gathered))
                    gathered.clear()
            await asyncio.to_thread(draft.add, bytes(gathered))
            return await asyncio.to_thread(draft.keep)
        finally:
            await asyncio.shield(asyncio.to_thread(draft.drop))

    def path(self, sha256: str) -> Path:
        """Where the file of this hash lies, or would. Raises ValueError for what is no hash."""
        if not HASH.fullmatch(sha256):
            raise ValueError("not the hexadecimal SHA-256 of a file")
        return self.folder / sha256[:2] / sha256[2:4] / sha256

    def exists(self, sha256: str) -> bool:
        return self.path(sha256).is_file()

    def remove(self, sha256: str, unchanged: float) -> bool:
        """Removes a file unless it was saved within the last `unchanged` seconds; whether it did. Blocks.

        A save of the same content beside it is safe: it comes before, and is seen, or after, and makes the file anew.
        """
        path = self.path(sha256)
        with self.locked(fcntl.LOCK_EX):
            try:
                if time.time() - path.stat().st_mtime < unchanged:
                    return False
                path.unlink()
            except FileNotFoundError:
                return False
        return True

    def hashes(self, after: str = "") -> Iterator[str]:
        """The hashes of all files, in their order, above one or its beginning."""
        for first in _names(self.folder, PAIR, after[:2]):
            beyond = after[2:4] if first == after[:2] else ""
            for second in _names(self.folder / first, PAIR, beyond):
                names = _names(self.folder / first / second, HASH, after)
                yield from (name for name in names if name != after)

    def mark(self, store: str) -> list[Path]:
        """Leaves a mark of this store; the marks of every store that keeps its files here."""
        folder = self.folder / MARKS
        folder.mkdir(exist_ok=True)
        (folder / store).touch()
        return sorted(folder.iterdir())

    @contextmanager
    def locked(self, how: int) -> Iterator[None]:
        """`fcntl.LOCK_SH` while files take their names, `fcntl.LOCK_EX` while one is removed; by any process."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, how)
            yield
        finally:
            os.close(descriptor)


class _Draft:
    """A file under way. Threads take turns; `drop` also ends what a cancelled caller left in a thread."""

    def __init__(self, files: Files, most: int) -> None:
        self._files = files
        self._most = most
        self._turn = Lock()
        self._hash = sha256()
        self._size = 0
        self._file: IO[bytes] | None = None
        self._dropped = False

    def add(self, octets: bytes) -> None:
        with self._turn:
            if self._dropped:
                return
            self._size += len(octets)
            if self._size > self._most:
                raise TooLarge(f"larger than {self._most} octets")
            self._opened().write(octets)
            self._hash.update(octets)

    def keep(self) -> StoredFile:
        """Durable from here on, under its own name."""
        with self._turn:
            file = self._opened()
            file.flush()
            os.fsync(file.fileno())
            path = self._files.path(self._hash.hexdigest())
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._files.locked(fcntl.LOCK_SH):
                Path(file.name).rename(path)
            for folder in (path.parent, path.parent.parent, self._files.folder):
                sync(folder)
            return StoredFile(path.name, self._size, path)

    def drop(self) -> None:
        """Leaves nothing of what was not kept."""
        with self._turn:
            self._dropped = True
            if self._file is not None:
                self._file.close()
                Path(self._file.name).unlink(missing_ok=True)

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            self._file = NamedTemporaryFile(dir=self._files.folder, suffix=COMING, delete=False)  # noqa: SIM115
        return self._file


def _names(folder: Path, pattern: re.Pattern[str], least: str) -> list[str]:
    """What lies in a folder and is named like this, from a name on."""
    try:
        found = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(name for name in found if name >= least and pattern.fullmatch(name))


def sync(folder: Path) -> None:
    """A name is durable once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _clear(folder: Path) -> None:
    oldest = time.time() - STALE
    for path in folder.glob(f"*{COMING}"):
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
                log.info("cleared what a crash left", file=path.name)
        except FileNotFoundError:  # another process was quicker
            continue


def plain_name(name: str | None) -> str | None:
    """What others call a file, without folders and control characters, which headers do not hold; of one that is too
    long the end, for it says what it is."""
    last = PurePosixPath((name or "").replace("\\", "/")).name
    return "".join(character for character in last if character.isprintable())[-MOST_NAME:] or None


def plain_type(media_type: str) -> str:
    """What others say it is, where a header holds that."""
    return media_type if media_type.isascii() and media_type.isprintable() else ANY_TYPE
