"""Positions, given after the commit: whoever comes first under the lock numbers what everybody has committed by then.

A slow commit is not waited for, and what a killed process left is numbered by the others within a second. Positions
have no gap, and readers see them in their order, for they are committed in it.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
import psycopg
import structlog
from sqlalchemy import Engine

from gateway.store.postgresql.connecting import NUMBERING, connected, troubles
from gateway.store.session import StoreTrouble, Told

log = structlog.get_logger()
EVERY = 1.0
"""Seconds between looks for what others left."""
MOST = 1_000
"""Batches of a round."""
MOST_SAID = 7_000
"""Octets: a notification holds no more than 8,000."""
CHANNEL = "onethread"
PROCESS = uuid4().hex
NOBODY = ""
_LOCK = f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({NUMBERING})"
_ANY = "SELECT EXISTS (SELECT 1 FROM batches)"
_NUMBER = """\
WITH taken AS (
    DELETE FROM batches WHERE number IN (SELECT number FROM batches ORDER BY number LIMIT %s)
    RETURNING number, keys, types, woken
), newest AS (
    SELECT coalesce(max(position), 0) AS position FROM positions
), told AS (
    SELECT each.key, each.type, row_number() OVER (ORDER BY b.number, each.nth) AS nth
    FROM taken b, unnest(b.keys, b.types) WITH ORDINALITY AS each (key, type, nth)
), placed AS (
    INSERT INTO positions (position, key, type)
    SELECT newest.position + told.nth, told.key, told.type FROM told, newest ORDER BY told.nth
    RETURNING position, key
)
SELECT (SELECT max(position) FROM placed), (SELECT count(*) FROM taken),
    ARRAY(SELECT DISTINCT unnest(woken) FROM taken),
    ARRAY(SELECT key FROM placed WHERE key = ANY(%s)), ARRAY(SELECT position FROM placed WHERE key = ANY(%s))
"""
TELL = "SELECT pg_notify(%s, %s)"
_FIND = "SELECT key, position FROM positions WHERE key = ANY(%s::bigint[])"


class Waiting(NamedTuple):
    """A transaction that was committed, whose events have no positions yet."""

    keys: Sequence[int]
    transaction: Told
    then: Callable[[], None]


class Numbered(NamedTuple):
    """What came of a round."""

    newest: int
    """The largest position it gave; 0 where it gave none."""
    batches: int
    woken: list[str]
    positions: dict[int, int]
    """Of the keys that were asked for and that it numbered."""


class Said(msgspec.Struct, frozen=True):
    """What a notification says."""

    position: int
    """The newest; 0 where there is no event in it."""
    by: str
    """Whose writer knows it all already, because it was all its own; else nobody's."""
    woken: list[str]
    """`what\\nwhom` of each that has work; those that do not fit look within a second."""


class Numbering:
    """`number` from the writer's thread; the rest is a thread of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._name = name_of(engine)
        self._driver: psycopg.Connection[Any] | None = None
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="numbering", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def number(self, keys: Sequence[int], transaction: Told, then: Callable[[], None]) -> None:
        self._queue.put(Waiting(keys, transaction, then))

    def stop(self) -> None:
        """What was handed in is told; then it ends. Blocks."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped:
            waiting = self._take()
            try:
                found = self._round([one.keys[0] for one in waiting])
            except (StoreTrouble, psycopg.Error) as error:
                log.warning("events wait for their positions", batches=len(waiting), reason=str(error))
                self._close()
                found = {}
            for one in waiting:
                _tell(one, found.get(one.keys[0]))
        self._close()

    def _take(self) -> list[Waiting]:
        """All that wait; none after a while."""
        found: list[Waiting] = []
        try:
            one = self._queue.get(timeout=EVERY)
            while True:
                if one is None:
                    self._stopped = True
                else:
                    found.append(one)
                one = self._queue.get_nowait()
        except Empty:
            return found

    def _round(self, firsts: Sequence[int]) -> dict[int, int]:
        """Numbers what is committed; the positions of these keys, as far as they have any."""
        if self._driver is None or self._driver.closed:
            self._driver = connected(self._engine)
        with troubles():
            if not firsts and not self._any(self._driver):
                return {}
            found: dict[int, int] = {}
            while (numbered := number(self._driver, self._name, firsts)).batches == MOST:
                found |= numbered.positions
            found |= numbered.positions
            if missing := [key for key in firsts if key not in found]:  # whoever came before numbered them too
                found |= dict(self._driver.execute(_FIND, (missing,)).fetchall())
            return found

    def _any(self, driver: "psycopg.Connection[Any]") -> bool:
        row = driver.execute(_ANY).fetchone()
        return bool(row and row[0])

    def _close(self) -> None:
        if self._driver is not None:
            self._driver.close()
            self._driver = None


def number_all(driver: "psycopg.Connection[Any]") -> None:
    """Whatever is committed has its position afterwards. Raises psycopg.Error."""
    while number(driver, NOBODY).batches == MOST:
        continue


def number(driver: "psycopg.Connection[Any]", name: str, firsts: Sequence[int] = ()) -> Numbered:
    """A round, in a transaction of its own, and told to everybody. Raises psycopg.Error."""
    driver.execute(_LOCK)
    try:
        numbered = place(driver, firsts)
        if numbered.batches:
            by = name if numbered.batches == len(numbered.positions) else NOBODY
            driver.execute(TELL, (CHANNEL, said(numbered.newest, by, numbered.woken)))
        driver.execute("COMMIT")
    except BaseException:
        with suppress(psycopg.Error):
            driver.execute("ROLLBACK")
        raise
    return numbered


def place(driver: "psycopg.Connection[Any]", firsts: Sequence[int] = ()) -> Numbered:
    """Numbers MOST batches at the most, where nobody else does; `firsts` are keys whose positions are asked for."""
    wanted = list(firsts)
    row = driver.execute(_NUMBER, (MOST, wanted, wanted)).fetchone()
    assert row is not None
    newest, batches, woken, keys, positions = row
    return Numbered(newest or 0, batches, woken, dict(zip(keys, positions, strict=True)))


def name_of(engine: Engine) -> str:
    """By which an engine's notifications are told from others'."""
    return f"{PROCESS}:{id(engine)}"


def said(position: int, by: str, woken: list[str]) -> str:
    """The text of a notification."""
    text = msgspec.json.encode(Said(position, by, woken))
    return (text if len(text) <= MOST_SAID else msgspec.json.encode(Said(position, by, []))).decode()


def _tell(one: Waiting, first: int | None) -> None:
    """The commit stands, also where the positions are still to come: whoever waits for news then sees them later."""
    transaction, keys = one.transaction, {key: n for n, key in enumerate(one.keys)}
    if first is None:
        transaction.written, transaction.last_position = [], 0
    else:
        transaction.written = [(first + keys[row[0]], *row[1:]) for row in transaction.written]
        transaction.last_position = first + len(one.keys) - 1
    one.then()
