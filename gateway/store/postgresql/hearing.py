"""Hearing what other processes committed: each numbering notifies once, and whoever serves listens.

A notification is a courtesy: everybody looks once a second besides, so one that is lost costs no more than that.
Source: https://www.postgresql.org/docs/current/sql-notify.html (read 2026-11).
"""

import socket
import threading
from selectors import EVENT_READ, DefaultSelector
from typing import Any

import msgspec
import psycopg
import structlog
from sqlalchemy import Engine

from gateway.store.postgresql.connecting import connected
from gateway.store.postgresql.numbering import CHANNEL, Said, name_of
from gateway.store.session import Heard, StoreTrouble

log = structlog.get_logger()
LOOKS = 1.0
"""Seconds after which the thread looks whatever it heard: what was decrypted already makes no socket readable."""
PAUSE = 1.0
_said = msgspec.json.Decoder(Said)


class PostgresqlHearing:
    def __init__(self, engine: Engine, heard: Heard) -> None:
        self._engine = engine
        self._heard = heard
        self._own = name_of(engine)
        self._stopping = threading.Event()
        self._rope: socket.socket | None = None
        """Rings the thread's bell, that it may end at once."""
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        bell, self._rope = socket.socketpair()
        self._thread = threading.Thread(target=self._run, args=(bell,), name="hearing", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Blocks."""
        self._stopping.set()
        if self._rope is not None and self._thread is not None:
            self._rope.close()
            self._thread.join()

    def _run(self, bell: socket.socket) -> None:
        with bell:
            while not self._stopping.is_set():
                try:
                    with connected(self._engine) as driver:
                        driver.execute(f"LISTEN {CHANNEL}")
                        self._listen(driver, bell)
                except (StoreTrouble, psycopg.Error) as error:
                    log.warning("other processes are not heard", reason=str(error))
                    self._stopping.wait(PAUSE)

    def _listen(self, driver: "psycopg.Connection[Any]", bell: socket.socket) -> None:
        with DefaultSelector() as either:
            either.register(driver.fileno(), EVENT_READ)
            either.register(bell, EVENT_READ)
            while not self._stopping.is_set():
                for notification in driver.notifies(timeout=0):
                    said = _said.decode(notification.payload)
                    if said.by != self._own:
                        self._heard(said.position, frozenset(_parted(one) for one in said.woken))
                either.select(LOOKS)


def _parted(one: str) -> tuple[str, str]:
    what, _, whom = one.partition("\n")
    return what, whom
