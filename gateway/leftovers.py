"""Files that nothing refers to any more: found, and a day later removed.

Such files come of uploads that broke off before their row was written, and of rows that were erased. A file goes when
no row names it in two looks a day apart and it was not saved again meanwhile: so a store that was restored too old, and
is replaced by the right one within the day, loses nothing. The looks are remembered by the process, not by the store;
a hub that never runs for a day removes nothing.
"""

import asyncio
import secrets
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from time import monotonic

import structlog
from sqlalchemy import Engine

from gateway.files import Files
from gateway.links import own_secret
from gateway.store.transaction import listed

log = structlog.get_logger()
DAY = 86_400.0
LOOKED_AT = 200_000
"""Files of a round; the next goes on from there."""
BATCH = 2_000
STORE = "store"
"""The secret whose beginning tells one store's files from another's."""
_FORSAKEN = (
    "SELECT value FROM json_each(?) AS file WHERE NOT EXISTS (SELECT 1 FROM attachments WHERE sha256 = file.value)"
    " AND NOT EXISTS (SELECT 1 FROM raws WHERE sha256 = file.value)"
)
"""Whoever keeps hashes in another table names it here."""


class Leftovers:
    """`round` belongs to one task; threads do its work."""

    def __init__(self, engine: Engine, files: Files, seconds: float = DAY, most: int = LOOKED_AT) -> None:
        self._engine = engine
        self._files = files
        self._seconds = seconds
        self._most = most
        self._seen: dict[str, float] = {}
        """Hashes of files that nothing referred to, and when that was first seen."""
        self._at = secrets.token_hex(1)  # anywhere: a hub that is often started anew still looks at all of them

    async def round(self) -> int:
        """How many files it removed. Raises OSError, and what the store raises: the rest waits."""
        return await asyncio.to_thread(self._round)

    def _round(self) -> int:
        if others := self._others():
            remedy = "give each store a folder of its own, or remove the marks of those that are no more"
            log.warning("leftover files stay: other stores keep files here", marks=others, remedy=remedy)
            return 0
        removed = self._remove()
        self._look()
        log.info("removed leftover files", count=removed, suspected=len(self._seen))
        return removed

    def _others(self) -> list[str]:
        own = own_secret(self._engine, STORE).hex()[:16]
        return [str(mark) for mark in self._files.mark(own) if mark.name != own]

    def _remove(self) -> int:
        """Removes what was first seen long enough ago, and is still left over."""
        before = monotonic() - self._seconds
        due = [name for name, seen in self._seen.items() if seen <= before]
        removed = 0
        for names in _batches(due):
            forsaken = self._forsaken(names)
            removed += sum(self._files.remove(name, unchanged=self._seconds) for name in forsaken)
        for name in due:  # what is left over still is seen anew
            del self._seen[name]
        return removed

    def _look(self) -> None:
        """Looks through the next files for what nothing refers to, from the last on to the first again."""
        ring = chain(self._files.hashes(self._at), self._files.hashes())
        found = list(dict.fromkeys(islice(ring, self._most)))
        self._at = found[-1] if found else ""
        now = monotonic()
        for names in _batches(found):
            for name in self._forsaken(names):
                self._seen.setdefault(name, now)

    def _forsaken(self, names: Sequence[str]) -> list[str]:
        with self._engine.connect() as connection:
            return [name for (name,) in connection.exec_driver_sql(_FORSAKEN, (listed(names),))]


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[at : at + BATCH] for at in range(0, len(names), BATCH))
