"""Files that nothing refers to go, a day after that was first seen; no other file ever does."""

import asyncio
import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gateway.files import Files
from gateway.ids import new_id
from gateway.leftovers import DAY, Leftovers
from gateway.store.engine import open_store, writing
from tests.stores import url_of

FISH = b"fish"
NAME = sha256(FISH).hexdigest()


class Shore:
    """A store and its files."""

    def __init__(self, folder: Path, files: Path) -> None:
        self.engine: Engine = open_store(url_of(folder / "hub.db"))
        self.files = Files(files)

    def leftovers(self, seconds: float = 0.0) -> Leftovers:
        return Leftovers(self.engine, self.files, seconds)

    def refer(self, name: str, state: str = "stored") -> None:
        sql = (
            "INSERT INTO attachments (id, state, sha256, media_type, attempts, created_at)"
            " VALUES (?, ?, ?, 'image/png', 0, 0)"
        )
        with writing(self.engine) as connection:
            connection.exec_driver_sql(sql, (new_id(), state, name))

    def forsake(self) -> None:
        with writing(self.engine) as connection:
            connection.exec_driver_sql("DELETE FROM attachments")

    def names(self) -> list[str]:
        return list(self.files.hashes())


@pytest.fixture
def shore(tmp_path: Path) -> Iterator[Shore]:
    shore = Shore(tmp_path, tmp_path / "files")
    yield shore
    shore.engine.dispose()


def rounds(leftovers: Leftovers, count: int = 2) -> list[int]:
    """How many files each round removed."""
    return [asyncio.run(leftovers.round()) for _ in range(count)]


def age(path: Path, seconds: float = 2 * DAY) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


def save(shore: Shore, *contents: bytes) -> Sequence[str]:
    """Their names."""
    return [shore.files.save([content], most=100).sha256 for content in contents]


def test_a_file_that_nothing_refers_to_goes_in_the_round_after_it_was_seen(shore: Shore) -> None:
    kept, left = save(shore, FISH, b"bone")
    shore.refer(kept)
    leftovers = shore.leftovers()
    assert rounds(leftovers, 1) == [0]
    assert sorted(shore.names()) == sorted([kept, left])
    assert rounds(leftovers, 2) == [1, 0]
    assert shore.names() == [kept]


def test_a_file_stays_for_a_day_after_it_was_first_seen(shore: Shore) -> None:
    age(shore.files.path(*save(shore, FISH)))
    assert rounds(shore.leftovers(DAY), 3) == [0, 0, 0]
    assert shore.names() == [NAME]


def test_a_reference_that_comes_between_two_rounds_keeps_the_file(shore: Shore) -> None:
    save(shore, FISH)
    leftovers = shore.leftovers()
    rounds(leftovers, 1)
    shore.refer(NAME)
    assert rounds(leftovers) == [0, 0]
    shore.forsake()
    assert rounds(leftovers, 2) == [0, 1]


def test_one_reference_of_several_is_enough(shore: Shore) -> None:
    save(shore, FISH)
    shore.refer(NAME)
    shore.refer(NAME, "blocked")
    assert rounds(shore.leftovers()) == [0, 0]


def test_what_was_saved_again_meanwhile_stays(shore: Shore) -> None:
    path = shore.files.path(*save(shore, FISH))
    age(path)
    save(shore, FISH)
    assert not shore.files.remove(NAME, unchanged=DAY)
    assert path.exists()
    age(path)
    assert shore.files.remove(NAME, unchanged=DAY)
    assert not shore.files.remove(NAME, unchanged=DAY)


def test_a_save_and_a_removal_wait_for_each_other(shore: Shore) -> None:
    age(shore.files.path(*save(shore, FISH)))
    with ThreadPoolExecutor(1) as threads:
        with shore.files.locked(fcntl.LOCK_EX):
            saving = threads.submit(save, shore, FISH)
            assert not wait([saving], timeout=0.1).done
        assert saving.result() == [NAME]
        age(shore.files.path(NAME))
        with shore.files.locked(fcntl.LOCK_SH):
            removing = threads.submit(shore.files.remove, NAME, DAY)
            assert not wait([removing], timeout=0.1).done
            save(shore, FISH)
        assert removing.result() is False
    assert shore.files.exists(NAME)


def test_a_round_is_bounded_and_the_next_goes_on_until_all_were_looked_at(shore: Shore) -> None:
    save(shore, *(str(n).encode() for n in range(10)))
    removed = rounds(Leftovers(shore.engine, shore.files, seconds=0, most=4), 6)
    assert (max(removed), sum(removed)) == (4, 10)
    assert shore.names() == []


def test_where_another_store_keeps_its_files_nothing_goes(shore: Shore, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Shore(tmp_path / "other", shore.files.folder)
    save(other, FISH)
    leftovers, others = shore.leftovers(), other.leftovers()
    assert rounds(leftovers, 1) == [0]
    assert rounds(others, 2) == [0, 0]
    assert rounds(leftovers, 2) == [0, 0]
    assert shore.names() == [NAME]
    mark = sorted(path.name for path in (shore.files.folder / ".stores").iterdir())
    assert len(mark) == 2
    other.engine.dispose()


def test_what_is_no_file_of_ours_is_not_touched(shore: Shore) -> None:
    folder = shore.files.folder
    strange = [folder / "notes.txt", folder / "ab" / "cd" / "notes.txt", folder / "ab" / "xx", folder / NAME]
    for path in strange:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    assert rounds(shore.leftovers(), 3) == [0, 0, 0]
    assert all(path.exists() for path in strange)


def test_hashes_come_in_order_from_anywhere(shore: Shore) -> None:
    names = sorted(save(shore, *(str(n).encode() for n in range(50))))
    assert list(shore.files.hashes()) == names
    for after in (names[0], names[20], "f" * 64, "8", "80"):
        assert list(shore.files.hashes(after)) == [name for name in names if name > after]
