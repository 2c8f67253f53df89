"""Claiming: a lane's lease is renewed, what is due is rendered once and frozen, and `sending` is committed.

A lane belongs to one owner at a time. Whoever takes it over raises its fence; what the former owner left in `sending`
may have left the house and becomes `uncertain`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import structlog

from gateway.live import LiveConnector
from gateway.record import UNAVAILABLE
from gateway.record.cases import Cases
from gateway.send.drafts import Draft, drafts, freeze
from gateway.send.standing import SELECT, Parcel, Plan, save, tell
from gateway.store.times import SECOND
from gateway.store.transaction import Transaction
from normalizer.errors import ErrorCode
from normalizer.model import DeliveryError
from normalizer.status import Status

log = structlog.get_logger()


@dataclass(frozen=True)
class Wanted:
    """A lane asking for work. `most` may be zero: then only the lease is renewed."""

    connector: LiveConnector
    owner: str
    lease: float
    """Seconds."""
    most: int
    link: Callable[[str], str]
    """The public address of a stored attachment, for what a channel carries only as a link."""


@dataclass(frozen=True)
class Claimed:
    """A delivery to carry out, with everything its requests need."""

    parcel: Parcel
    plan: Plan
    draft: Draft


@dataclass(frozen=True)
class Claims:
    """`wait` seconds until there may be more; None: until woken."""

    mine: bool
    parcels: Sequence[Claimed] = ()
    wait: float | None = None


MOST_EXPIRED = 256
"""Deliveries that expire in one claim; the rest in the next."""
_LANE = "SELECT owner, fence, lease_until, paused_until FROM lanes WHERE connector_id = ?"
_TAKE = (
    "INSERT INTO lanes (connector_id, owner, fence, lease_until) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (connector_id) DO UPDATE SET owner = excluded.owner, fence = excluded.fence,"
    " lease_until = excluded.lease_until"
)
_RELEASE = "UPDATE lanes SET owner = '', lease_until = 0 WHERE connector_id = ? AND owner = ?"
_OPEN = "status IN ('queued', 'sending')"
_DUE = (  # _OPEN and the + lead to the index that lies in this order
    f"{SELECT} AS d WHERE connector_id = ? AND {_OPEN} AND status = 'queued' AND +due_at <= ?"
    " AND (expires_at IS NULL OR +expires_at > ?) AND NOT EXISTS ("
    f"SELECT 1 FROM deliveries e WHERE e.route_id = d.route_id AND e.rank = d.rank AND e.id < d.id AND e.{_OPEN})"
    " ORDER BY rank, id LIMIT ?"
)
_NEXT = "SELECT min(due_at) FROM deliveries WHERE connector_id = ? AND status = 'queued' AND due_at > ?"
_EXPIRED = f"{SELECT} WHERE connector_id = ? AND status = 'queued' AND expires_at <= ? LIMIT {MOST_EXPIRED}"
_LEFT = f"{SELECT} WHERE connector_id = ? AND {_OPEN} AND status = 'sending' AND fence < ?"


def claim(transaction: Transaction, wanted: Sequence[Wanted]) -> list[Claims]:
    """Each lane's due deliveries, if the lane is its asker's."""
    cases = Cases(transaction)  # one for all: a conversation may have deliveries in several lanes
    claims = [_claim(transaction, cases, one) for one in wanted]
    cases.save()
    return claims


def release(transaction: Transaction, lanes: Sequence[tuple[str, str]]) -> list[None]:
    """Hands back leases: (connector, owner)."""
    for lane in lanes:
        transaction.change(_RELEASE, *lane)
    return [None for _ in lanes]


def _claim(transaction: Transaction, cases: Cases, wanted: Wanted) -> Claims:
    connector_id, now = wanted.connector.id, transaction.now_us
    owner, fence, lease_until, paused_until = transaction.row(_LANE, connector_id) or ("", 0, 0, None)
    if owner not in ("", wanted.owner) and lease_until > now:
        return Claims(mine=False, wait=(lease_until - now) / SECOND)
    if owner != wanted.owner:
        fence += 1
        _doubt(transaction, cases, wanted, fence)
    transaction.change(_TAKE, connector_id, wanted.owner, fence, now + int(wanted.lease * SECOND))
    more = _expire(transaction, cases, wanted)
    claims = _take(transaction, cases, wanted, fence, paused_until)
    return replace(claims, wait=0.0) if more else claims


def _take(transaction: Transaction, cases: Cases, wanted: Wanted, fence: int, paused_until: int | None) -> Claims:
    now, connector_id = transaction.now_us, wanted.connector.id
    if paused_until is not None and paused_until > now:
        return Claims(mine=True, wait=(paused_until - now) / SECOND)
    rows = transaction.rows(_DUE, connector_id, now, now, wanted.most) if wanted.most else []
    claimed = _prepare(transaction, cases, wanted, fence, rows) if rows else []
    if len(claimed) < len(rows):
        return Claims(mine=True, parcels=claimed, wait=0.0)  # what failed may have held up others
    later = transaction.row(_NEXT, connector_id, now)
    wait = None if later is None or later[0] is None else (later[0] - now) / SECOND
    return Claims(mine=True, parcels=claimed, wait=wait)


def _prepare(
    transaction: Transaction, cases: Cases, wanted: Wanted, fence: int, rows: Sequence[Sequence[Any]]
) -> list[Claimed]:
    """Deliveries ready to be carried out; one that cannot be made ready fails, and harms no other."""
    try:
        with transaction.attempt():
            return _freeze(transaction, wanted, fence, [Parcel(*row) for row in rows])
    except UNAVAILABLE:
        raise
    except Exception as error:
        if len(rows) > 1:
            return [one for row in rows for one in _prepare(transaction, cases, wanted, fence, [row])]
        parcel = Parcel(*rows[0])
        log.exception("a delivery could not be prepared", connector=wanted.connector.id, delivery=parcel.id)
        detail = f"it could not be prepared: {type(error).__name__}"
        parcel.status = Status.FAILED
        save(transaction, parcel, Plan(why=detail, error=DeliveryError(code=ErrorCode.UNKNOWN, detail=detail)))
        tell(cases, parcel, wanted.connector.place)
        return []


def _freeze(transaction: Transaction, wanted: Wanted, fence: int, parcels: Sequence[Parcel]) -> list[Claimed]:
    claimed = []
    for draft, parcel in zip(drafts(transaction, wanted.connector, parcels), parcels, strict=True):
        plan = parcel.plan
        if not plan.payloads:
            plan = freeze(transaction, draft, plan, wanted.connector, wanted.link)
        parcel.status, parcel.fence = Status.SENDING, fence
        save(transaction, parcel, plan)
        claimed.append(Claimed(parcel, plan, draft))
    return claimed


def _doubt(transaction: Transaction, cases: Cases, wanted: Wanted, fence: int) -> None:
    """What a former owner was sending may have left."""
    error = DeliveryError(code=ErrorCode.UNKNOWN, detail="the hub stopped between sending and recording the answer")
    for row in transaction.rows(_LEFT, wanted.connector.id, fence):
        parcel = Parcel(*row)
        parcel.status = Status.UNCERTAIN
        save(transaction, parcel, msgspec.structs.replace(parcel.plan, error=error))
        tell(cases, parcel, wanted.connector.place)


def _expire(transaction: Transaction, cases: Cases, wanted: Wanted) -> bool:
    """Whether more may have expired."""
    error = DeliveryError(code=ErrorCode.EXPIRED, detail="expires_at came before it could be sent")
    rows = transaction.rows(_EXPIRED, wanted.connector.id, transaction.now_us)
    for row in rows:
        parcel = Parcel(*row)
        parcel.status = Status.EXPIRED
        save(transaction, parcel, msgspec.structs.replace(parcel.plan, error=error))
        tell(cases, parcel, wanted.connector.place)
    transaction.flush()
    return len(rows) == MOST_EXPIRED
