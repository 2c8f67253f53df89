"""What people see of subscriptions: what they are, how they stand, what waits, and their replays."""

from typing import Any, Literal, Protocol

import msgspec
from sqlalchemy import Engine

from gateway.bus.names import TOPIC, queue_of
from gateway.relay.catalogue import Alive, ReplayRow, Row, Rows, Waiting, joined, reading
from gateway.relay.held import HeldEvent
from gateway.relay.subscription import Origin, State, Subscription
from gateway.settings.model import Settings
from gateway.settings.subscribing import SubscriptionEntry
from gateway.store.times import from_us, now_us
from normalizer.model import Time

MOST_REPLAYS = 100


class LagInfo(msgspec.Struct, frozen=True, kw_only=True):
    events: int
    """Of the feed after `position`, wanted or not."""
    seconds: float
    """Age of the first of them."""


class WaitingInfo(msgspec.Struct, frozen=True, kw_only=True):
    events: int
    """That were not taken, or wait behind one that was not."""
    parked: int
    """Conversations that wait for an operator."""


class SubscriptionInfo(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    origin: Literal["file", "api", "built-in", "absent"]
    """Who says what it is; `absent`: it was taken out of the file, and only its place is kept."""
    state: str
    """`active`, `paused` by an operator, `parked` by the hub, or `disabled` by the target."""
    reason: str | None
    """Why it is parked or disabled."""
    problem: str | None
    """Why nothing is taken at the moment, though it is active."""
    failing_since: Time | None
    position: str
    """Every wanted event up to here was taken."""
    lag: LagInfo
    waiting: WaitingInfo
    queue: str | None
    """Its name on the bus."""
    exchange: str | None
    """Of the built-in one: consumers bind queues of their own to it."""
    webhook: str | None
    types: tuple[str, ...]
    connectors: tuple[str, ...]
    channels: tuple[str, ...]
    inboxes: tuple[str, ...]
    commands: tuple[str, ...]
    timeout: float
    at_once: int
    retries: tuple[float, ...]
    park_after: float
    cursor_every: float
    rotating: bool
    """Two secrets sign."""
    created_at: Time


class ParkedInfo(msgspec.Struct, frozen=True, kw_only=True):
    partition: str
    """The conversation; of other events what they are about."""
    position: str
    """Of the event that was not taken."""
    type: str
    state: Literal["parked", "retrying"]
    attempts: int
    due_at: Time | None
    """When it is tried again."""
    error: str | None
    since: Time
    behind: int
    """Events that wait behind it."""


class ReplayInfo(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    state: str
    """`running`, `done`, `failed` or `cancelled`."""
    after: str
    until: str
    types: tuple[str, ...]
    position: str
    """How far it is."""
    sent: int
    error: str | None
    created_at: Time
    ended_at: Time | None


class Live(Protocol):
    """Who runs the relays, and knows of them before the store does."""

    def standing(self, name: str) -> Alive | None: ...


def infos(engine: Engine, settings: Settings, live: Live | None = None) -> list[SubscriptionInfo]:
    """All there are, by name. Blocks."""
    with reading(engine) as found:
        rows, waiting = {row.name: row for row in found.all()}, found.waiting()
        known = joined(settings, list(rows.values()))
        rows |= {name: _new(one, found) for name, one in known.items() if name not in rows}
        return [
            _info(found, row, known.get(name), waiting.get(name, Waiting()), live) for name, row in sorted(rows.items())
        ]


def info(engine: Engine, settings: Settings, name: str, live: Live | None = None) -> SubscriptionInfo | None:
    """Blocks."""
    with reading(engine) as found:
        row = found.one(name)
        known = joined(settings, [row] if row else []).get(name)
        if row is None and known is not None:
            row = _new(known, found)
        return _info(found, row, known, found.waiting(name).get(name, Waiting()), live) if row else None


def _new(known: Subscription, found: Rows) -> Row:
    """One of the file that no hub ran with yet, as it would begin now."""
    position = 0 if known.entry.start == "oldest" else found.newest()
    at = now_us()
    state = State.ACTIVE
    return Row(known.name, known.origin, None, None, True, state, None, at, 0, position, position, None, None, at)


def parked(engine: Engine, name: str, after: int, limit: int) -> list[ParkedInfo]:
    """Conversations whose first event was not taken, by its position. Blocks."""
    with reading(engine) as found:
        return [_parked(*one) for one in found.held(name, after, limit)]


def replays(engine: Engine, name: str) -> list[ReplayInfo]:
    """Newest first. Blocks."""
    with reading(engine) as found:
        return [_replay(row) for row in found.replays(name, MOST_REPLAYS)]


def replay(engine: Engine, name: str, replay_id: str) -> ReplayInfo | None:
    return next((one for one in replays(engine, name) if one.id == replay_id), None)


def _info(found: Rows, row: Row, known: Subscription | None, waiting: Waiting, live: Live | None) -> SubscriptionInfo:
    alive = live.standing(row.name) if live else None
    if alive is None:
        alive = Alive(row.position, row.error if row.state is State.ACTIVE else None, row.failing_since)
    position = alive.position if waiting.lowest is None else min(alive.position, waiting.lowest - 1)
    lag = found.lag(position, now_us())
    return SubscriptionInfo(
        name=row.name,
        origin=known.origin.value if known else "absent",
        state=row.state,
        reason=row.reason,
        problem=alive.problem,
        failing_since=None if alive.failing_since is None else from_us(alive.failing_since),
        position=str(position),
        lag=LagInfo(events=lag.events, seconds=lag.seconds),
        waiting=WaitingInfo(events=waiting.events, parked=waiting.parked),
        created_at=from_us(row.created_at),
        **_defined(row.name, known.origin if known else None, known.entry if known else SubscriptionEntry(queue=True)),
    )


def _defined(name: str, origin: Origin | None, entry: SubscriptionEntry) -> dict[str, Any]:
    shown = ("webhook", "types", "connectors", "channels", "inboxes", "commands", *PACE)
    queues = entry.queue and origin in (Origin.FILE, Origin.API)
    return {one: getattr(entry, one) for one in shown} | {
        "queue": queue_of(name) if queues else None,
        "exchange": TOPIC if origin is Origin.BUILT_IN else None,
        "rotating": entry.previous_secret is not None,
    }


PACE = ("timeout", "at_once", "retries", "park_after", "cursor_every")


def _parked(first: HeldEvent, behind: int) -> ParkedInfo:
    return ParkedInfo(
        partition=first.partition,
        position=str(first.position),
        type=first.type,
        state="retrying" if first.due_at is not None else "parked",
        attempts=first.attempts,
        due_at=None if first.due_at is None else from_us(first.due_at),
        error=first.error,
        since=from_us(first.since),
        behind=behind,
    )


def _replay(row: ReplayRow) -> ReplayInfo:
    return ReplayInfo(
        id=row.id,
        state=row.state,
        after=str(row.after),
        until=str(row.until),
        types=msgspec.json.decode(row.types, type=tuple[str, ...]),
        position=str(row.position),
        sent=row.sent,
        error=row.error,
        created_at=from_us(row.created_at),
        ended_at=None if row.ended_at is None else from_us(row.ended_at),
    )
