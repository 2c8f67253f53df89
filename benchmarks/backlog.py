"""A store with a long history, made once by the hub itself and copied for each round; and what a relay makes of it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.contenders import hub
from benchmarks.load import flood
from gateway.relay.copies import Copy, copy_of
from gateway.relay.events import HEAD, Event

FIRST = 200_000_000
FILL_SECONDS = 3


class Backlog:
    """So many events at least, as webhooks brought them. `folder` keeps the store that rounds begin with."""

    def __init__(self, folder: Path, least: int) -> None:
        self._folder = folder
        with hub(folder) as server:
            while (count := events_in(server.store)) < least:
                filled = flood(server.port, FILL_SECONDS, FIRST + count)
                if filled.not_2xx or filled.broken:
                    raise SystemExit(f"backlog: {filled.not_2xx} answers were not 2xx, {filled.broken} broken")
        self.store = folder / "hub.db"
        self.events = events_in(self.store)

    def put_into(self, folder: Path) -> None:
        for path in self._folder.glob("hub.db*"):
            shutil.copyfile(path, folder / path.name)


def copies(store: Path, count: int) -> Iterator[Copy]:
    """What a subscription from the beginning of this store publishes."""
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT position, type, body FROM events ORDER BY position LIMIT ?", (count,))
        previous = 0
        for position, type_, body in rows:
            said = b'{"position":"%d",' % position + body[1:]
            yield copy_of(Event(position, type_, said, HEAD.decode(said)), previous)
            previous = position


def events_in(store: Path) -> int:
    """Position of the newest."""
    with closing(sqlite3.connect(store)) as connection:
        return int(connection.execute("SELECT coalesce(max(position), 0) FROM events").fetchone()[0])
