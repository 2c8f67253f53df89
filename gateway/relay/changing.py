"""What operators change of subscriptions, over the API or on the machine. Every change says to the relay, by a new
revision, to look again; what would make its own knowledge wrong takes the subscription from it, by a new fence.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from gateway.ids import new_id
from gateway.relay.catalogue import stored
from gateway.relay.subscription import Origin, State
from gateway.settings.sealing import Seal
from gateway.settings.subscribing import SubscriptionEntry
from gateway.store import schema
from gateway.store.transaction import Transaction

WAKES = "subscription"


class Unchanged(Exception):
    """The store says otherwise; the text is one sentence for people."""


class NoSuch(Unchanged):
    """There is nothing of that name."""


class InTheWay(Unchanged):
    """Something is there that forbids it."""


@dataclass(frozen=True)
class Placed:
    """A subscription of the settings, which gets a place in the feed where it has none."""

    name: str
    origin: Origin
    oldest: bool


@dataclass(frozen=True)
class Made:
    name: str
    entry: SubscriptionEntry
    trusted: bool
    seal: Seal


@dataclass(frozen=True)
class Redefined:
    name: str
    entry: SubscriptionEntry
    revision: int
    """What was read before."""
    seal: Seal


@dataclass(frozen=True)
class Resealed:
    """The same secrets, closed anew."""

    name: str
    before: bytes
    secrets: bytes


@dataclass(frozen=True)
class Stated:
    name: str
    state: State


@dataclass(frozen=True)
class Moved:
    """Goes on after another position; what was taken beyond it is sent again."""

    name: str
    position: int


@dataclass(frozen=True)
class Removed:
    name: str


@dataclass(frozen=True)
class Retried:
    """A conversation that waits, parked or not, is tried again now; without a partition all are."""

    name: str
    partition: str | None


@dataclass(frozen=True)
class Skipped:
    """The first event of a conversation that waits is given up."""

    name: str
    partition: str
    position: int


@dataclass(frozen=True)
class Replay:
    """Sends a range again: what is after one position, up to another."""

    name: str
    after: int
    until: int
    types: tuple[str, ...]


@dataclass(frozen=True)
class Cancelled:
    name: str
    replay_id: str


Change = Placed | Made | Redefined | Resealed | Stated | Moved | Removed | Retried | Skipped | Replay | Cancelled
_ROW = "SELECT state, revision, body FROM subscriptions WHERE name = ?"
_BOUNDS = "SELECT (SELECT min(position) FROM events), (SELECT max(position) FROM events)"
_TAKE_OVER = "UPDATE subscriptions SET origin = ?, body = NULL, secrets = NULL, trusted = TRUE WHERE name = ?"
_REVISE = "UPDATE subscriptions SET revision = revision + 1 WHERE name = ?"
_DEFINE = "UPDATE subscriptions SET body = ?, secrets = ?, revision = revision + 1 WHERE name = ?"
_RESEAL = "UPDATE subscriptions SET secrets = ? WHERE name = ? AND secrets = ?"
_STATE = (
    "UPDATE subscriptions SET state = ?, reason = NULL, changed_at = ?, revision = revision + 1, failing_since = NULL,"
    " error = NULL WHERE name = ?"
)
_MOVE = (
    "UPDATE subscriptions SET position = ?, beyond = '[]', sent = '{}', previous = ?, fence = fence + 1, owner = '',"
    " lease_until = 0, revision = revision + 1 WHERE name = ?"
)
_REMOVE = (
    "DELETE FROM held_events WHERE subscription = ?",
    "DELETE FROM replays WHERE subscription = ?",
    "DELETE FROM subscriptions WHERE name = ?",
)
_FIRST = "SELECT min(position) FROM held_events WHERE subscription = ? AND partition = ?"
_FAILED = "SELECT position FROM held_events WHERE subscription = ? AND attempts > 0"
_FAILED_ONE = _FAILED + " AND partition = ?"
_HURRY = "UPDATE held_events SET due_at = ? WHERE subscription = ? AND due_at IS NOT NULL"
_RETRY = "UPDATE held_events SET attempts = 0, due_at = ? WHERE subscription = ? AND position = ?"
_GIVE_UP = "DELETE FROM held_events WHERE subscription = ? AND position = ?"
_CANCEL = "UPDATE replays SET state = 'cancelled', ended_at = ? WHERE id = ?"
_REPLAY = "SELECT state FROM replays WHERE id = ? AND subscription = ?"


def change(transaction: Transaction, changes: Sequence[Change]) -> list[object]:
    """What each change brings, or the Unchanged that says why not."""
    results: list[object] = []
    for one in changes:
        transaction.flush()  # the one before may be of the same subscription
        try:
            results.append(_APPLY[type(one)](transaction, one))
        except Unchanged as refusal:
            results.append(refusal)
        else:
            transaction.wake(WAKES, one.name)
    return results


def _place(transaction: Transaction, one: Placed) -> None:
    row = transaction.row(_ROW, one.name)
    if row is None:
        _insert(transaction, one.name, one.origin, _beginning(transaction, oldest=one.oldest))
    elif row[2] is not None:  # the file now provides what was made over the API; its place is kept
        transaction.change(_TAKE_OVER, one.origin, one.name)


def _make(transaction: Transaction, one: Made) -> None:
    if transaction.row(_ROW, one.name):
        raise InTheWay(f"there is a subscription {one.name}, or the place of one that the file had; delete it first")
    position = _beginning(transaction, oldest=one.entry.start == "oldest")
    _insert(transaction, one.name, Origin.API, position, *stored(one.entry, one.seal), trusted=one.trusted)


def _beginning(transaction: Transaction, *, oldest: bool) -> int:
    [(first, last)] = transaction.rows(_BOUNDS)
    return (first - 1 if oldest else last) if last else 0


def _insert(
    transaction: Transaction,
    name: str,
    origin: Origin,
    position: int,
    body: bytes | None = None,
    secrets: bytes | None = None,
    *,
    trusted: bool = True,
) -> None:
    now = transaction.now_us
    values = (name, origin, body, secrets, trusted, State.ACTIVE, None, now)
    transaction.insert(schema.subscriptions, *values, 1, position, b"[]", b"{}", position, None, None, "", 0, 0, now)


def _redefine(transaction: Transaction, one: Redefined) -> None:
    _, revision, body = _row(transaction, one.name)
    if body is None:
        raise InTheWay(f"the configuration file provides {one.name}: change it there")
    if revision != one.revision:
        raise InTheWay("somebody else changed it meanwhile; look again")
    transaction.change(_DEFINE, *stored(one.entry, one.seal), one.name)


def _reseal(transaction: Transaction, one: Resealed) -> None:
    transaction.change(_RESEAL, one.secrets, one.name, one.before)


def _state(transaction: Transaction, one: Stated) -> None:
    state, *_ = _row(transaction, one.name)
    if state != one.state:
        transaction.change(_STATE, one.state, transaction.now_us, one.name)
        if one.state is State.ACTIVE:
            transaction.change(_HURRY, transaction.now_us, one.name)


def _move(transaction: Transaction, one: Moved) -> None:
    _row(transaction, one.name)
    transaction.change(_MOVE, one.position, one.position, one.name)


def _remove(transaction: Transaction, one: Removed) -> None:
    _row(transaction, one.name)
    for sql in _REMOVE:
        transaction.change(sql, one.name)


def _retry(transaction: Transaction, one: Retried) -> int:
    """How many conversations."""
    _row(transaction, one.name)
    failed = transaction.rows(_FAILED_ONE if one.partition else _FAILED, *filter(None, (one.name, one.partition)))
    if one.partition and not failed:
        raise NoSuch(f"nothing waits under {one.partition}")
    for (position,) in failed:
        transaction.change(_RETRY, transaction.now_us, one.name, position)
    transaction.change(_REVISE, one.name)
    return len(failed)


def _skip(transaction: Transaction, one: Skipped) -> None:
    _row(transaction, one.name)
    failed = [position for (position,) in transaction.rows(_FAILED_ONE, one.name, one.partition)]
    if failed != [one.position]:
        raise NoSuch(f"the event at position {one.position} is not the first that waits under {one.partition}")
    transaction.change(_GIVE_UP, one.name, one.position)
    transaction.flush()
    [(following,)] = transaction.rows(_FIRST, one.name, one.partition)
    if following is not None:
        transaction.change(_RETRY, transaction.now_us, one.name, following)
    transaction.change(_REVISE, one.name)


def _replay(transaction: Transaction, one: Replay) -> str:
    """The replay's id."""
    _row(transaction, one.name)
    id_, types = new_id(), msgspec.json.encode(one.types).decode()
    values = (id_, one.name, one.after, one.until, types, "running", one.after, 0, None, transaction.now_us, None)
    transaction.insert(schema.replays, *values)
    return id_


def _cancel(transaction: Transaction, one: Cancelled) -> None:
    row = transaction.row(_REPLAY, one.replay_id, one.name)
    if row is None:
        raise NoSuch("there is no such replay")
    if row[0] != "running":
        raise InTheWay(f"the replay is {row[0]} already")
    transaction.change(_CANCEL, transaction.now_us, one.replay_id)


def _row(transaction: Transaction, name: str) -> tuple[str, int, bytes | None]:
    row = transaction.row(_ROW, name)
    if row is None:
        raise NoSuch(f"there is no subscription {name}")
    return row  # type: ignore[no-any-return]  # the driver is untyped


_APPLY: Mapping[type[Any], Callable[[Transaction, Any], object]] = {
    Placed: _place,
    Made: _make,
    Redefined: _redefine,
    Resealed: _reseal,
    Stated: _state,
    Moved: _move,
    Removed: _remove,
    Retried: _retry,
    Skipped: _skip,
    Replay: _replay,
    Cancelled: _cancel,
}
