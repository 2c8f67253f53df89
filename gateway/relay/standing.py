"""Where a subscription stands in the store, and the one change a relay makes to it: attending.

Attending takes or renews the lease, writes what happened since, and answers with what operators changed. Whoever takes
a subscription over raises its fence; what its former owner still wants to write is then refused.
"""

# ruff: noqa: S608 - statements are made of our own names; values are parameters

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Engine

from gateway.relay.held import Changes, HeldEvent
from gateway.relay.subscription import State
from gateway.store.session import beside_others
from gateway.store.times import SECOND
from gateway.store.transaction import Transaction, listed

MOST_ERROR = 500
"""Characters kept of what went wrong."""


@dataclass(frozen=True)
class Made:
    """How far a relay has come."""

    position: int
    beyond: Sequence[int]
    previous: int
    failing_since: int | None
    error: str | None
    changes: Changes = field(default_factory=Changes)
    sent: Mapping[int, int] = field(default_factory=dict)
    """What was sent and not taken, with what its copy says was sent before."""


@dataclass(frozen=True)
class Attendance:
    name: str
    owner: str
    lease: float
    """Seconds; 0 hands it back."""
    fence: int | None = None
    """What the lease was taken with; None: takes it."""
    made: Made | None = None
    ends: tuple[State, str] | None = None
    """The state it comes to, and why."""


@dataclass(frozen=True)
class Standing:
    """`mine` says that the lease is the asker's. `wait` seconds until it is worth asking again."""

    mine: bool
    state: State
    wait: float | None = None
    fence: int = 0
    revision: int = 0
    position: int = 0
    beyond: Sequence[int] = ()
    sent: Mapping[int, int] = field(default_factory=dict)
    previous: int = 0
    failing_since: int | None = None
    error: str | None = None


@dataclass(frozen=True)
class Row:
    state: str
    owner: str
    fence: int
    lease_until: int
    revision: int
    position: int
    beyond: bytes
    sent: bytes
    previous: int
    failing_since: int | None
    error: str | None


COLUMNS = "state, owner, fence, lease_until, revision, position, beyond, sent, previous, failing_since, error"
_ROW = f"SELECT {COLUMNS} FROM subscriptions WHERE name = ?"
_HOLD = "SELECT name FROM subscriptions WHERE name IN (SELECT value FROM json_each(?)) ORDER BY name"
_LEASE = "UPDATE subscriptions SET owner = ?, fence = ?, lease_until = ? WHERE name = ?"
_MADE = (
    "UPDATE subscriptions SET position = ?, beyond = ?, sent = ?, previous = ?, failing_since = ?, error = ?"
    " WHERE name = ?"
)
_ENDS = "UPDATE subscriptions SET state = ?, reason = ?, changed_at = ?, revision = revision + 1 WHERE name = ?"
_ADD = (
    "INSERT INTO held_events (subscription, position, partition, type, attempts, due_at, error, since, previous)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_CHANGE = (
    "UPDATE held_events SET attempts = ?, due_at = ?, error = ?, previous = ? WHERE subscription = ? AND position = ?"
)
_DROP = "DELETE FROM held_events WHERE subscription = ? AND position = ?"
_HELD = (
    "SELECT position, partition, type, attempts, due_at, error, since, previous FROM held_events"
    " WHERE subscription = ? ORDER BY position"
)
_POSITIONS = msgspec.json.Decoder(list[int])
_PAIRS = msgspec.json.Decoder(dict[int, int], strict=False)


@beside_others
def attend(transaction: Transaction, wanted: Sequence[Attendance]) -> list[Standing | None]:
    """How each subscription stands; None for one that is no more."""
    standings: list[Standing | None] = []
    written = []
    transaction.hold(_HOLD, listed(sorted(one.name for one in wanted)))
    for one in wanted:
        found = transaction.row(_ROW, one.name)
        row = Row(*found) if found else None
        standing = _standing(transaction, one, row) if row else None
        standings.append(standing)
        if standing and standing.mine:
            written.append(one)
            until = transaction.now_us + int(one.lease * SECOND) if one.lease else 0
            transaction.change(_LEASE, one.owner if one.lease else "", standing.fence, until, one.name)
    _write(transaction, written)
    return standings


def held_of(engine: Engine, name: str) -> list[HeldEvent]:
    """What waits for another attempt, by position. Blocks."""
    with engine.connect() as connection:
        return [HeldEvent(*row) for row in connection.exec_driver_sql(_HELD, (name,))]


def _standing(transaction: Transaction, wanted: Attendance, row: Row) -> Standing:
    state = State(row.state)
    if wanted.fence is not None:
        mine = row.owner == wanted.owner and row.fence == wanted.fence
        return Standing(mine=mine, state=state, fence=row.fence, revision=row.revision)
    if state is not State.ACTIVE:
        return Standing(mine=False, state=state)
    if row.owner not in ("", wanted.owner) and row.lease_until > transaction.now_us:
        return Standing(mine=False, state=state, wait=(row.lease_until - transaction.now_us) / SECOND)
    return Standing(
        mine=True,
        state=state,
        fence=row.fence + 1,
        revision=row.revision,
        position=row.position,
        beyond=_POSITIONS.decode(row.beyond),
        sent=_PAIRS.decode(row.sent),
        previous=row.previous,
        failing_since=row.failing_since,
        error=row.error,
    )


def _write(transaction: Transaction, written: Sequence[Attendance]) -> None:
    """Kind by kind: of one kind the statements run together, and what is added must be there before it is dropped."""
    made = [(one.name, one.made) for one in written if one.made]
    for name, now in made:
        error = now.error[:MOST_ERROR] if now.error else None
        beyond, sent = msgspec.json.encode(now.beyond), msgspec.json.encode(now.sent)
        transaction.change(_MADE, now.position, beyond, sent, now.previous, now.failing_since, error, name)
    for name, now in made:
        for row in now.changes.added:
            transaction.change(_ADD, name, *_bounded(row))
    for name, now in made:
        for row in map(_bounded, now.changes.changed):
            transaction.change(_CHANGE, row.attempts, row.due_at, row.error, row.previous, name, row.position)
    for name, now in made:
        for position in now.changes.gone:
            transaction.change(_DROP, name, position)
    for one in written:
        if one.ends:
            state, reason = one.ends
            transaction.change(_ENDS, state, reason[:MOST_ERROR], transaction.now_us, one.name)


def _bounded(row: HeldEvent) -> HeldEvent:
    return row._replace(error=row.error[:MOST_ERROR]) if row.error else row
