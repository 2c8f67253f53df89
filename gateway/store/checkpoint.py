"""Moving what was committed from the write-ahead log into the database, beside the commits instead of within them.

Left to itself SQLite does it inside a commit once the log is long, and everybody waits for it. Here a thread of its own
copies the bulk while commits go on; the writer then only copies what came meanwhile, after which the log begins anew.
Source: https://sqlite.org/c3ref/wal_checkpoint_v2.html (read 2026-11).
"""

import sqlite3
import threading
from typing import Any

import structlog
from sqlalchemy import Engine

EVERY = 1_500
"""Changed rows between two rounds: a log of some five hundred pages, whose copy takes a disk a few milliseconds."""
log = structlog.get_logger()
_PASSIVE = "PRAGMA wal_checkpoint(PASSIVE)"


class Checkpoints:
    """`adopt` and `after_commit` belong to the writer's thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._due_at = EVERY
        self._wanted = threading.Event()
        self._copied = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)

    def adopt(self, driver: Any) -> None:
        """From now on this connection's commits checkpoint nothing by themselves."""
        driver.execute("PRAGMA wal_autocheckpoint = 0")
        self._thread.start()

    def after_commit(self, driver: Any) -> None:
        """Asks for a round when one is due, and ends one whose bulk was copied."""
        if self._copied.is_set():
            self._copied.clear()
            _copy(driver)
            self._due_at = driver.total_changes + EVERY
        elif driver.total_changes >= self._due_at and not self._wanted.is_set():
            self._wanted.set()

    def stop(self) -> None:
        self._stopping.set()
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        with self._engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            while not self._stopping.is_set():  # asked after each clear(), which may have undone the set() of stop()
                self._wanted.wait()
                if self._stopping.is_set():
                    return
                _copy(driver)
                self._copied.set()
                self._wanted.clear()


def _copy(driver: Any) -> None:
    """As much as nobody is in the way of. What fails is tried in the next round; until then the log keeps it all."""
    try:
        driver.execute(_PASSIVE).fetchall()
    except sqlite3.OperationalError as error:
        log.warning("the write-ahead log could not be copied into the database", error=str(error))
