"""Which subscriptions there are: those of the file, those made over the API, and the built-in one; and their rows."""

# ruff: noqa: S608 - statements are made of our own names; values are parameters

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Engine

from connectors.kit.config import decode_secret
from connectors.kit.secret import Secret
from gateway.relay.held import HeldEvent
from gateway.relay.subscription import TOPIC_NAME, Origin, State, Subscription
from gateway.settings.model import Settings
from gateway.settings.sealing import Seal
from gateway.settings.subscribing import SubscriptionEntry
from gateway.store.engine import looking
from gateway.store.times import SECOND

SECRETS = ("secret", "previous_secret")
COLUMNS = (
    "name, origin, body, secrets, trusted, state, reason, changed_at, revision, position, previous, failing_since,"
    " error, created_at"
)
_ALL = f"SELECT {COLUMNS} FROM subscriptions ORDER BY name"
_ONE = f"SELECT {COLUMNS} FROM subscriptions WHERE name = ?"
_WAITING = (
    "SELECT subscription, count(*), count(CASE WHEN attempts > 0 AND due_at IS NULL THEN 1 END), min(position)"
    " FROM held_events {} GROUP BY subscription"
)
_HELD = (  # the first of each partition
    "SELECT position, partition, type, attempts, due_at, error, since, previous, (SELECT count(*) FROM held_events b"
    " WHERE b.subscription = h.subscription AND b.partition = h.partition AND b.position > h.position)"
    " FROM held_events h WHERE subscription = ? AND position > ? AND NOT EXISTS (SELECT 1 FROM held_events e"
    " WHERE e.subscription = h.subscription AND e.partition = h.partition AND e.position < h.position)"
    " ORDER BY position LIMIT ?"
)
_REPLAYS = (
    "SELECT id, after, until, types, state, position, sent, error, created_at, ended_at FROM replays"
    " WHERE subscription = ? ORDER BY id DESC LIMIT ?"
)
_NEWEST = "SELECT coalesce(max(position), 0) FROM events"
_LOST = (  # positions between epochs, which no event has
    "SELECT coalesce(sum(e.position - 1 - (SELECT coalesce(max(b.position), 0) FROM events b"
    " WHERE b.position < e.position)), 0) FROM events e WHERE e.type = 'feed.restored' AND e.position > ?"
)
_FIRST_AFTER = "SELECT recorded_at FROM events WHERE position > ? ORDER BY position LIMIT 1"


class Row(NamedTuple):
    """A subscription as the store has it."""

    name: str
    origin: str
    body: bytes | None
    secrets: bytes | None
    trusted: bool
    state: State
    reason: str | None
    changed_at: int
    revision: int
    position: int
    previous: int
    failing_since: int | None
    error: str | None
    created_at: int


class ReplayRow(NamedTuple):
    id: str
    after: int
    until: int
    types: str
    """JSON."""
    state: str
    position: int
    sent: int
    error: str | None
    created_at: int
    ended_at: int | None


class Waiting(NamedTuple):
    """What of a subscription waits for another attempt."""

    events: int = 0
    parked: int = 0
    """Conversations."""
    lowest: int | None = None


class Alive(NamedTuple):
    """How a subscription stands where it runs."""

    position: int
    """Every wanted event up to here was taken."""
    problem: str | None
    """Why nothing is taken at the moment."""
    failing_since: int | None


class Lag(NamedTuple):
    events: int
    """Of the feed, after the first that was not taken, wanted or not."""
    seconds: float
    """Age of that first one."""


def of_settings(settings: Settings) -> dict[str, Subscription]:
    """What the file says, and the built-in one where there is a broker."""
    found = {name: Subscription(name, Origin.FILE, entry) for name, entry in settings.subscriptions.items()}
    if settings.bus_url.reveal() != "memory://":
        entry = SubscriptionEntry(queue=True, cursor_every=0.0)
        found[TOPIC_NAME] = Subscription(TOPIC_NAME, Origin.BUILT_IN, entry)
    return found


def joined(settings: Settings, rows: Sequence[Row]) -> dict[str, Subscription]:
    """All that run or may run; the file comes first. Raises WrongKey."""
    made = {row.name: found for row in rows if (found := of_row(row, settings.seal))}
    return {**made, **of_settings(settings)}


def of_row(row: Row, seal: Seal) -> Subscription | None:
    """One that was made over the API; None where the row only keeps the place of one of the file's. Raises WrongKey."""
    if row.body is None:
        return None
    values = msgspec.json.decode(row.body) | (msgspec.json.decode(seal.open(row.secrets)) if row.secrets else {})
    entry = msgspec.convert(values, SubscriptionEntry, dec_hook=decode_secret)
    return Subscription(row.name, Origin.API, entry, trusted=bool(row.trusted))


def stored(entry: SubscriptionEntry, seal: Seal) -> tuple[bytes, bytes | None]:
    """Body and secrets as they are kept."""
    values = {name: getattr(entry, name) for name in entry.__struct_fields__}
    secrets = {name: value.reveal() for name in SECRETS if isinstance(value := values.pop(name), Secret)}
    return msgspec.json.encode(values), seal.close(msgspec.json.encode(secrets)) if secrets else None


class Rows:
    """Subscriptions at one moment."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def all(self) -> list[Row]:
        return [_row(found) for found in self._cursor.execute(_ALL).fetchall()]

    def one(self, name: str) -> Row | None:
        found = self._cursor.execute(_ONE, (name,)).fetchone()
        return _row(found) if found else None

    def waiting(self, name: str | None = None) -> Mapping[str, Waiting]:
        """Of one subscription or all; those for which nothing waits are left out."""
        sql = _WAITING.format("WHERE subscription = ?" if name else "")
        return {one: Waiting(*counts) for one, *counts in self._cursor.execute(sql, (name,) if name else ()).fetchall()}

    def held(self, name: str, after: int, limit: int) -> list[tuple[HeldEvent, int]]:
        """The first of each conversation that waits, by position, and how many wait behind it."""
        found = self._cursor.execute(_HELD, (name, after, limit)).fetchall()
        return [(HeldEvent(*row), behind) for *row, behind in found]

    def replays(self, name: str, limit: int) -> list[ReplayRow]:
        """Newest first."""
        return [ReplayRow(*row) for row in self._cursor.execute(_REPLAYS, (name, limit)).fetchall()]

    def newest(self) -> int:
        return int(self._cursor.execute(_NEWEST).fetchone()[0])

    def lag(self, position: int, at: int) -> Lag:
        """Of a subscriber who has taken all up to a position; `at` in microseconds."""
        behind = self.newest() - position - int(self._cursor.execute(_LOST, (position,)).fetchone()[0])
        found = self._cursor.execute(_FIRST_AFTER, (position,)).fetchone() if behind > 0 else None
        if found is None:
            return Lag(0, 0.0)
        return Lag(behind, max(0.0, (at - found[0]) / SECOND))


@contextmanager
def reading(engine: Engine) -> Iterator[Rows]:
    """One state of the store, whatever is written meanwhile. Blocks."""
    with looking(engine, one_state=True) as cursor:
        yield Rows(cursor)


def _row(found: Any) -> Row:
    row = Row(*found)
    return row._replace(state=State(row.state))
