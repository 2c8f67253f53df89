"""What an engine does by itself: begin, savepoint, commit, numbers, locks, and how its troubles are told.

Statements are written once, as SQLite reads them (docs/adr/0017-many-processes.md); an engine that reads them otherwise
puts them in its own words. The writer and its transactions ask these, and never which engine it is.
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy.exc import OperationalError

Row = tuple[Any, ...]
Change = tuple[str, Sequence[Row]]
"""A statement, and the parameters of each time it is to run."""
A = TypeVar("A", bound=Callable[..., Any])


class StoreTrouble(Exception):
    """The store cannot be asked just now: nothing was written, and nobody's item is at fault."""


class Again(StoreTrouble):
    """Another process was quicker, or stood in the way: the batch is undone and carried out anew."""


class Alone(Again):
    """What comes now gets along with nobody: the batch is carried out anew, while nobody else writes."""


def sentence(error: BaseException) -> str:
    """What the driver says, on one line; its own lines are many. It never names the password."""
    return " ".join(str(getattr(error, "orig", None) or error).split()) or type(error).__name__


UNAVAILABLE = (StoreTrouble, sqlite3.OperationalError, OperationalError)
"""The store itself is in trouble (full, locked, gone), so whoever asked shall come again; else the item is at fault."""


class Session(Protocol):
    """One transaction. What is read is committed, or was written in it."""

    version: object
    """Between two transactions of equal versions nobody else changed anything; else what was remembered is dropped."""

    def execute(self, sql: str, parameters: Sequence[object] = (), /) -> Any:
        """A cursor with `fetchall` and `fetchone`; read before the next statement."""

    def write(self, changes: Sequence[Change]) -> None:
        """Carries out each, in order."""

    def hold(self, sql: str, *parameters: object) -> bool:
        """Nobody else changes the rows of this SELECT until the end of the transaction; whether somebody may have
        done so since they were read. Raises Again."""

    def be_alone(self) -> None:
        """From here on nobody else writes. Raises Alone where somebody may."""

    def key(self) -> int:
        """Of the next event to come: what rows name it by."""

    def number(self) -> int:
        """Of the next conversation."""

    def write_events(self, events: Sequence[Row], conversations: Sequence[int | None]) -> None:
        """Rows of the feed, each beginning with its key, and the number of the conversation in whose history it is."""

    def begin_attempt(self) -> None:
        """From here on what is done can be undone apart."""

    def end_attempt(self) -> None: ...

    def undo_attempt(self) -> None: ...


class Told(Protocol):
    """A transaction that was committed, as far as an engine looks at it."""

    written: list[Row]
    last_position: int
    woken: set[tuple[str, str]]


class Transactions(Protocol):
    """Of one writer, on its thread: one after the other, on a connection of its own."""

    shared: bool
    """Other processes may write meanwhile."""

    def open(self) -> None:
        """Before the first."""

    def begin(self, *, alone: bool) -> Session:
        """`alone` where nobody else may write meanwhile. Raises UNAVAILABLE."""

    def commit(self, transaction: Told) -> None:
        """Raises UNAVAILABLE, and what the store finds wrong with it."""

    def roll_back(self) -> None:
        """Undoes what was begun, as far as there is something; never raises."""

    def tell(self, transaction: Told, then: Callable[[], None]) -> None:
        """After the commit: calls `then` when its events have their positions. On any thread."""

    def rest(self) -> None:
        """Between two batches."""

    def close(self) -> None:
        """After the last: everything was told."""


class Hearing(Protocol):
    """Of what other processes committed."""

    def start(self) -> None: ...

    def stop(self) -> None:
        """Blocks."""


Heard = Callable[[int, frozenset[tuple[str, str]]], None]
"""Takes the newest position and who has work, on any thread."""


def beside_others(apply: A) -> A:
    """Declares that this gets along with what other processes write at the same time: it holds the rows it changes
    before it reads them, and nothing is the worse for being carried out anew."""
    BESIDE.add(apply)
    return apply


BESIDE: set[Callable[..., Any]] = set()
