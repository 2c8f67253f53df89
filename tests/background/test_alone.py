"""One process serves a store, whichever way the one before ended; and nothing is left behind by one that ended well."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.alone import AlreadyServed, alone
from gateway.store.engine import StoreUnavailable


def test_who_comes_second_is_told_who_was_first(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'hub.db'}"
    with alone(store):
        for _ in range(2):
            with pytest.raises(AlreadyServed, match=f"hub.db is served by process {os.getpid()} already"), alone(store):
                pass
    with alone(store):
        pass


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'hub.db'}"
    with alone(store):
        assert [path.name for path in tmp_path.iterdir()] == ["hub.db.serving"]
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RuntimeError, match="no port"), alone(store):
        raise RuntimeError("no port")
    assert list(tmp_path.iterdir()) == []


def test_what_a_kill_left_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "hub.db.serving").write_text("99999")
    with alone(f"sqlite:///{tmp_path / 'hub.db'}"):
        assert (tmp_path / "hub.db.serving").read_text() == str(os.getpid())
    assert list(tmp_path.iterdir()) == []


def test_however_many_come_and_go_no_two_are_ever_inside(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'hub.db'}"
    inside = threading.Lock()
    entered: list[int] = []

    def come_and_go(number: int) -> None:
        for _ in range(300):
            try:
                with alone(store):
                    assert inside.acquire(blocking=False), "two at once"
                    entered.append(number)
                    time.sleep(0.0001)  # for somebody else to come meanwhile
                    inside.release()
            except AlreadyServed:
                continue

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(come_and_go, range(8)))
    assert entered
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'nowhere' / 'hub.db'}"
    with (
        pytest.raises(StoreUnavailable, match=r"^the store's folder .*nowhere cannot be written: No such"),
        alone(store),
    ):
        pass
