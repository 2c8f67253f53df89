"""What the writer read, remembered from one transaction to the next.

People who write now write again soon: their route and conversation need not be read anew for every message. What is
remembered is dropped as soon as anybody else may have changed it: another connection committed (SQLite counts that in
`data_version`), a transaction or a part of one was undone, or a statement went past the working sets.
Source: https://sqlite.org/pragma.html#pragma_data_version (read 2026-11).
"""

import re
from functools import cache
from typing import Any

MOST = 4_096
"""Entries of each kind; the oldest goes first."""
_TOUCHES = re.compile(r"\b(UPDATE|INTO|FROM)\s+(contacts|identities|routes|conversations)\b")


class Memory:
    """Belongs to the writer's thread. `begin` stands before everything else in a transaction."""

    def __init__(self) -> None:
        self._version: object = None
        self._trusted = False
        self._kept: dict[str, dict[Any, Any]] = {}

    def begin(self, version: object) -> None:
        """`version` is the store's count of other connections' commits, read under the write lock."""
        if version != self._version:
            self._version = version
            self._kept.clear()
        self._trusted = True

    def get(self, kind: str, key: Any) -> Any | None:
        return self._kept[kind].get(key) if kind in self._kept else None

    def keep(self, kind: str, key: Any, value: Any) -> None:
        if self._trusted:
            kept = self._kept.setdefault(kind, {})
            if len(kept) >= MOST and key not in kept:
                del kept[next(iter(kept))]
            kept[key] = value

    def forget(self, kind: str, key: Any) -> None:
        if kind in self._kept:
            self._kept[kind].pop(key, None)

    def distrust(self) -> None:
        """Nothing is remembered, and nothing will be before the next transaction."""
        self._kept.clear()
        self._trusted = False


@cache
def touches(sql: str) -> bool:
    """Whether a statement changes rows that may be remembered."""
    return _TOUCHES.search(sql) is not None
