"""Claiming: a lane's lease is renewed, what is due is rendered once and frozen, and `sending` is committed.

A lane belongs to one owner at a time. Whoever takes it over raises its fence; what the former owner left in `sending`
may have left the house and becomes `uncertain`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from gateway.live import LiveConnector
from gateway.record.cases import Cases
from gateway.send.drafts import Draft, drafts, freeze
from gateway.send.standing import SELECT, Parcel, Plan, save, tell
from gateway.store.times import SECOND
from gateway.store.transaction import Transaction
from normalizer.errors import ErrorCode
from normalizer.model import DeliveryError
from normalizer.status import Status


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


_LANE = "SELECT owner, fence, lease_until, paused_until FROM lanes WHERE connector_id = ?"
_TAKE = (
    "INSERT INTO lanes (connector_id, owner, fence, lease_until) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (connector_id) DO UPDATE SET owner = excluded.owner, fence = excluded.fence,"
    " lease_until = excluded.lease_until"
)
_RELEASE = "UPDATE lanes SET owner = '', lease_until = 0 WHERE connector_id = ? AND owner = ?"
_OPEN = "status IN ('queued', 'sending')"
_DUE = (
    f"{SELECT} AS d WHERE connector_id = ? AND status = 'queued' AND due_at <= ? AND NOT EXISTS ("
    f"SELECT 1 FROM deliveries e WHERE e.route_id = d.route_id AND e.rank = d.rank AND e.id < d.id AND e.{_OPEN})"
    " ORDER BY rank, id LIMIT ?"
)
_NEXT = "SELECT min(due_at) FROM deliveries WHERE connector_id = ? AND status = 'queued' AND due_at > ?"
_EXPIRED = f"{SELECT} WHERE connector_id = ? AND status = 'queued' AND expires_at <= ?"
_LEFT = f"{SELECT} WHERE connector_id = ? AND status = 'sending' AND fence < ?"


def claim(transaction: Transaction, wanted: Sequence[Wanted]) -> list[Claims]:
    """Each lane's due deliveries, if the lane is its asker's."""
    return [_claim(transaction, one) for one in wanted]


def release(transaction: Transaction, lanes: Sequence[tuple[str, str]]) -> list[None]:
    """Hands back leases: (connector, owner)."""
    for lane in lanes:
        transaction.change(_RELEASE, *lane)
    return [None for _ in lanes]


def _claim(transaction: Transaction, wanted: Wanted) -> Claims:
    connector_id, now = wanted.connector.id, transaction.now_us
    owner, fence, lease_until, paused_until = transaction.row(_LANE, connector_id) or ("", 0, 0, None)
    if owner not in ("", wanted.owner) and lease_until > now:
        return Claims(mine=False, wait=(lease_until - now) / SECOND)
    cases = Cases(transaction)
    if owner != wanted.owner:
        fence += 1
        _doubt(transaction, cases, wanted, fence)
    transaction.change(_TAKE, connector_id, wanted.owner, fence, now + int(wanted.lease * SECOND))
    _expire(transaction, cases, wanted)
    claims = _take(transaction, wanted, fence, paused_until)
    cases.save()
    return claims


def _take(transaction: Transaction, wanted: Wanted, fence: int, paused_until: int | None) -> Claims:
    now, connector_id = transaction.now_us, wanted.connector.id
    if paused_until is not None and paused_until > now:
        return Claims(mine=True, wait=(paused_until - now) / SECOND)
    rows = transaction.rows(_DUE, connector_id, now, wanted.most) if wanted.most else []
    parcels = [Parcel(*row) for row in rows]
    claimed = []
    for draft, parcel in zip(drafts(transaction, wanted.connector, parcels), parcels, strict=True):
        plan = parcel.plan
        if not plan.payloads:
            plan = freeze(transaction, draft, plan, wanted.connector, wanted.link)
        parcel.status, parcel.fence = Status.SENDING, fence
        save(transaction, parcel, plan)
        claimed.append(Claimed(parcel, plan, draft))
    later = transaction.row(_NEXT, connector_id, now)
    wait = None if later is None or later[0] is None else (later[0] - now) / SECOND
    return Claims(mine=True, parcels=claimed, wait=wait)


def _doubt(transaction: Transaction, cases: Cases, wanted: Wanted, fence: int) -> None:
    """What a former owner was sending may have left."""
    error = DeliveryError(code=ErrorCode.UNKNOWN, detail="the hub stopped between sending and recording the answer")
    for row in transaction.rows(_LEFT, wanted.connector.id, fence):
        parcel = Parcel(*row)
        parcel.status = Status.UNCERTAIN
        save(transaction, parcel, msgspec.structs.replace(parcel.plan, error=error))
        tell(cases, parcel, wanted.connector.place)


def _expire(transaction: Transaction, cases: Cases, wanted: Wanted) -> None:
    error = DeliveryError(code=ErrorCode.EXPIRED, detail="expires_at came before it could be sent")
    for row in transaction.rows(_EXPIRED, wanted.connector.id, transaction.now_us):
        parcel = Parcel(*row)
        parcel.status = Status.EXPIRED
        save(transaction, parcel, msgspec.structs.replace(parcel.plan, error=error))
        tell(cases, parcel, wanted.connector.place)
    transaction.flush()
