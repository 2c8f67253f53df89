import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.files import PIECE, Files, StoredFile, TooLarge
from gateway.store.engine import StoreUnavailable

FISH = b"fish"
NAME = sha256(FISH).hexdigest()


def everything(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


async def flow(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def test_a_file_lies_under_its_hash(tmp_path: Path) -> None:
    files = Files(tmp_path / "files")
    path = tmp_path / "files" / NAME[:2] / NAME[2:4] / NAME
    assert not files.exists(NAME)
    assert files.save([b"fi", b"sh"], most=4) == StoredFile(NAME, 4, path)
    assert (files.exists(NAME), files.path(NAME), path.read_bytes()) == (True, path, FISH)


def test_an_asynchronous_save_is_the_same_save(tmp_path: Path) -> None:
    files = Files(tmp_path)
    large = os.urandom(2 * PIECE + 5)
    pieces = [large[at : at + 65_536] for at in range(0, len(large), 65_536)]
    assert asyncio.run(files.save_async(flow(*pieces), most=len(large))) == files.save([large], most=len(large))
    assert [path.read_bytes() for path in everything(tmp_path)] == [large]


def test_an_empty_file_is_a_file(tmp_path: Path) -> None:
    assert asyncio.run(Files(tmp_path).save_async(flow(), most=0)).path.read_bytes() == b""


def test_the_same_content_from_many_threads_is_one_file(tmp_path: Path) -> None:
    files = Files(tmp_path)
    with ThreadPoolExecutor(16) as threads:
        stored = {saved.sha256 for saved in threads.map(lambda _: files.save([FISH], most=10), range(64))}
    assert (stored, everything(tmp_path)) == ({NAME}, [files.path(NAME)])


def test_one_octet_too_many_leaves_nothing(tmp_path: Path) -> None:
    files = Files(tmp_path)
    with pytest.raises(TooLarge):
        files.save([b"fis", b"h"], most=3)
    with pytest.raises(TooLarge):
        asyncio.run(files.save_async(flow(b"fis", b"h"), most=3))
    assert everything(tmp_path) == []


def test_what_is_too_large_is_not_read_to_its_end(tmp_path: Path) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += PIECE
            yield bytes(PIECE)

    with pytest.raises(TooLarge):
        asyncio.run(Files(tmp_path).save_async(endless(), most=3 * PIECE))
    assert read == 4 * PIECE


def test_a_source_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        Files(tmp_path).save(breaking(), most=100)
    assert everything(tmp_path) == []


def test_a_cancelled_save_leaves_nothing(tmp_path: Path) -> None:
    async def cancelled() -> None:
        written = asyncio.Event()

        async def stalling() -> AsyncIterator[bytes]:
            yield bytes(PIECE)
            written.set()
            await asyncio.sleep(60)

        saving = asyncio.create_task(Files(tmp_path).save_async(stalling(), most=2 * PIECE))
        await written.wait()
        assert [path.suffix for path in everything(tmp_path)] == [".coming"]
        saving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await saving

    asyncio.run(cancelled())
    assert everything(tmp_path) == []


KILLED = """
import os, pathlib, signal, sys
from gateway.files import Files
def chunks():
    yield b"fi"
    yield b"sh"
    os.kill(os.getpid(), signal.SIGKILL)
Files(pathlib.Path(sys.argv[1])).save(chunks(), most=100)
"""


def test_a_crash_before_the_rename_leaves_no_stored_file_and_is_cleared_after_an_hour(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = everything(tmp_path)
    assert (left.parent, left.suffix) == (tmp_path, ".coming")
    assert not Files(tmp_path).exists(NAME)
    assert everything(tmp_path) == [left]  # it may be another process's, just growing

    os.utime(left, (time.time() - 3700,) * 2)
    Files(tmp_path)
    assert everything(tmp_path) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", NAME[:-1], NAME.upper(), NAME + "\n", "é" * 64])
def test_what_is_no_hash_has_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not the hexadecimal SHA-256"):
        Files(tmp_path).path(name)


def test_a_folder_that_cannot_be_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("in the way")
    with pytest.raises(StoreUnavailable, match=r"^the folder for files .*/files cannot be used: File exists$"):
        Files(tmp_path / "files")
