"""Hearing what other processes committed: each numbering notifies once, and whoever serves listens.

A notification is a courtesy: everybody looks once a second besides, so one that is lost costs no more than that.
Source: https://www.postgresql.org/docs/current/sql-notify.html (read 2026-11).
"""

import threading
from typing import Any

import msgspec
import psycopg
import structlog
from sqlalchemy import Engine

from gateway.store.postgresql.connecting import connected
from gateway.store.postgresql.numbering import CHANNEL, Said, name_of
from gateway.store.session import Heard, StoreTrouble

log = structlog.get_logger()
LOOKS = 0.5
"""Seconds after which the thread sees that it is to end."""
PAUSE = 1.0
_said = msgspec.json.Decoder(Said)


class PostgresqlHearing:
    def __init__(self, engine: Engine, heard: Heard) -> None:
        self._engine = engine
        self._heard = heard
        self._own = name_of(engine)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hearing", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Blocks."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with connected(self._engine) as driver:
                    driver.execute(f"LISTEN {CHANNEL}")
                    self._listen(driver)
            except (StoreTrouble, psycopg.Error) as error:
                log.warning("other processes are not heard", reason=str(error))
                self._stopping.wait(PAUSE)

    def _listen(self, driver: "psycopg.Connection[Any]") -> None:
        while not self._stopping.is_set():
            for notification in driver.notifies(timeout=LOOKS):
                said = _said.decode(notification.payload)
                if said.by != self._own:
                    self._heard(said.position, frozenset(_parted(one) for one in said.woken))


def _parted(one: str) -> tuple[str, str]:
    what, _, whom = one.partition("\n")
    return what, whom
