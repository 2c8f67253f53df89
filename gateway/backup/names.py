"""Names of files, more than memory should hold: in a database of its own that vanishes with the process."""

import sqlite3
from collections.abc import Iterable, Iterator


class Names:
    """Each once. SQLite keeps a database without a name in a temporary file once it is large: https://sqlite.org/inmemorydb.html
    (read 2026-11)."""

    def __init__(self) -> None:
        self._store = sqlite3.connect("", isolation_level=None)
        self._store.execute("CREATE TABLE names (name TEXT PRIMARY KEY) WITHOUT ROWID")

    def add(self, names: Iterable[str]) -> None:
        self._store.executemany("INSERT OR IGNORE INTO names VALUES (?)", ((name,) for name in names))

    def take(self, name: str) -> bool:
        """Removes a name; whether it was there."""
        return self._store.execute("DELETE FROM names WHERE name = ?", (name,)).rowcount == 1

    def __iter__(self) -> Iterator[str]:
        """In their order."""
        return (name for (name,) in self._store.execute("SELECT name FROM names ORDER BY name"))

    def close(self) -> None:
        self._store.close()
