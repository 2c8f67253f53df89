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
from gateway.record.cases import Cases
from gateway.send.drafts import Draft, drafts, freeze
from gateway.send.pausing import State
from gateway.send.pieces import first_unsettled, marked
from gateway.send.rate import cost_of
from gateway.send.standing import COLUMNS, NEVER, SELECT, Parcel, Plan, save, tell
from gateway.store.session import UNAVAILABLE, beside_others
from gateway.store.times import SECOND
from gateway.store.transaction import Transaction, listed
from normalizer.errors import ErrorCode
from normalizer.model import PRIORITY_RANK, DeliveryError
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
    idle: bool
    """Nothing of the lane is under way. Only then a connector that is not up is tried, with one delivery."""
    link: Callable[[str], str]
    """The public address of a stored attachment, for what a channel carries only as a link."""
    units: int | None = None
    """How much may leave now, in the unit the provider's rate counts (`normalizer.segments.cost`); None: anything."""
    above: int | None = None
    """Only what is more urgent than this rank."""
    choices_for: float = 86_400.0
    """Seconds for which a number is taken for a choice of numbered text."""


class Claimed(msgspec.Struct, frozen=True):
    """A delivery to carry out, with everything its requests need."""

    parcel: Parcel
    plan: Plan
    draft: Draft
    cost: int
    """Of its first request; paid for with the claim."""


@dataclass(frozen=True)
class Claims:
    """`wait` seconds until there may be more; None: until woken."""

    mine: bool
    parcels: Sequence[Claimed] = ()
    wait: float | None = None


MOST_EXPIRED = 256
"""Deliveries that expire in one claim; the rest in the next."""
RANKS = range(len(PRIORITY_RANK))
_AMONG = "id IN (SELECT value FROM json_each(?))"
_HOLD = "SELECT connector_id FROM lanes WHERE connector_id IN (SELECT value FROM json_each(?)) ORDER BY connector_id"
_HOLD_DUE = f"SELECT id FROM deliveries WHERE {_AMONG} ORDER BY id"
_STATUS = COLUMNS.index("status")
_LANE = "SELECT owner, fence, lease_until, paused_until, state FROM lanes WHERE connector_id = ?"
_TAKE = (
    "INSERT INTO lanes (connector_id, owner, fence, lease_until) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (connector_id) DO UPDATE SET owner = excluded.owner, fence = excluded.fence,"
    " lease_until = excluded.lease_until"
)
_RELEASE = "UPDATE lanes SET owner = '', lease_until = 0 WHERE connector_id = ? AND owner = ?"
_DUE = (
    f"{SELECT} WHERE connector_id = ? AND rank = ? AND status = 'queued' AND due_at <= ?"
    " AND (expires_at IS NULL OR +expires_at > ?) ORDER BY due_at LIMIT ?"  # the + keeps to the index of what is due
)
_NEXT = "SELECT min(due_at) FROM deliveries WHERE connector_id = ? AND rank = ? AND status = 'queued' AND due_at > ?"
_EXPIRED = f"{SELECT} WHERE connector_id = ? AND status = 'queued' AND expires_at <= ? LIMIT {MOST_EXPIRED}"
_LEFT = f"{SELECT} WHERE connector_id = ? AND status = 'sending' AND fence < ?"


@beside_others
def claim(transaction: Transaction, wanted: Sequence[Wanted]) -> list[Claims]:
    """Each lane's due deliveries, if the lane is its asker's."""
    cases = Cases(transaction)  # one for all: a conversation may have deliveries in several lanes
    transaction.hold(_HOLD, listed(sorted(one.connector.id for one in wanted)))
    claims = [_claim(transaction, cases, one) for one in wanted]
    cases.save()
    return claims


@beside_others
def release(transaction: Transaction, lanes: Sequence[tuple[str, str]]) -> list[None]:
    """Hands back leases: (connector, owner)."""
    for lane in sorted(lanes):
        transaction.change(_RELEASE, *lane)
        transaction.wake("lane", lane[0])  # of another process, which waits for it
    return [None for _ in lanes]


def _claim(transaction: Transaction, cases: Cases, wanted: Wanted) -> Claims:
    connector_id, now = wanted.connector.id, transaction.now_us
    row = transaction.row(_LANE, connector_id)
    owner, fence, lease_until, paused_until, state = row or ("", 0, 0, None, State.UP)
    if owner not in ("", wanted.owner) and lease_until > now:
        return Claims(mine=False, wait=(lease_until - now) / SECOND)
    if owner != wanted.owner:
        transaction.be_alone()
        fence += 1
        _doubt(transaction, cases, wanted, fence)
    transaction.change(_TAKE, connector_id, wanted.owner, fence, now + int(wanted.lease * SECOND))
    more = _expire(transaction, cases, wanted)
    if paused_until is not None and paused_until > now:
        claims = Claims(mine=True, wait=(paused_until - now) / SECOND)
    else:
        most = wanted.most if state == State.UP else min(wanted.most, int(wanted.idle))
        claims = _take(transaction, cases, wanted, fence, most)
    return replace(claims, wait=0.0) if more else claims


def _take(transaction: Transaction, cases: Cases, wanted: Wanted, fence: int, most: int) -> Claims:
    rows = _due(transaction, wanted, most if wanted.units is None else min(most, wanted.units))
    if rows and transaction.hold(_HOLD_DUE, ids := listed(row[0] for row in rows)):
        found = {row[0]: row for row in transaction.rows(f"{SELECT} WHERE {_AMONG}", ids)}
        rows = [found[row[0]] for row in rows if found[row[0]][_STATUS] == Status.QUEUED]
    claimed, whole = _prepare(transaction, cases, wanted, fence, rows, wanted.units) if rows else ([], True)
    if not whole:
        return Claims(mine=True, parcels=claimed, wait=0.0)  # what failed may have held up others
    if claimed and len(claimed) == most:
        return Claims(mine=True, parcels=claimed)  # the first of them that ends looks again
    now = transaction.now_us
    later = [transaction.rows(_NEXT, wanted.connector.id, rank, now)[0][0] for rank in RANKS]
    due = min((due for due in later if due is not None and due < NEVER), default=None)
    return Claims(mine=True, parcels=claimed, wait=None if due is None else (due - now) / SECOND)


def _due(transaction: Transaction, wanted: Wanted, most: int) -> list[Sequence[Any]]:
    """The most urgent first; of one rank, what has been due longest."""
    rows: list[Sequence[Any]] = []
    now = transaction.now_us
    for rank in RANKS[: wanted.above]:
        if len(rows) < most:
            rows += transaction.rows(_DUE, wanted.connector.id, rank, now, now, most - len(rows))
    return rows


def _prepare(
    transaction: Transaction,
    cases: Cases,
    wanted: Wanted,
    fence: int,
    rows: Sequence[Sequence[Any]],
    units: int | None,
) -> tuple[list[Claimed], bool]:
    """Deliveries ready to be carried out, and whether all could be: one that cannot fails, and harms no other."""
    try:
        with transaction.attempt():
            return _freeze(transaction, wanted, fence, [Parcel(*row) for row in rows], units), True
    except UNAVAILABLE:
        raise
    except Exception as error:
        if len(rows) == 1:
            parcel = Parcel(*rows[0])
            log.exception("a delivery could not be prepared", connector=wanted.connector.id, delivery=parcel.id)
            _give_up(transaction, cases, wanted, parcel, f"it could not be prepared: {type(error).__name__}")
            return [], False
    claimed: list[Claimed] = []
    for row in rows:
        left = None if units is None else units - sum(one.cost for one in claimed)
        if left is None or left > 0:
            claimed += _prepare(transaction, cases, wanted, fence, [row], left)[0]
    return claimed, False


def _give_up(transaction: Transaction, cases: Cases, wanted: Wanted, parcel: Parcel, detail: str) -> None:
    transaction.be_alone()
    parcel.status = Status.FAILED
    save(transaction, parcel, Plan(why=detail, error=DeliveryError(code=ErrorCode.UNKNOWN, detail=detail)))
    tell(cases, parcel, wanted.connector.place)


def _freeze(
    transaction: Transaction, wanted: Wanted, fence: int, parcels: Sequence[Parcel], units: int | None
) -> list[Claimed]:
    """As many as the units allow; the last may take more than is left, for a request cannot be divided."""
    claimed: list[Claimed] = []
    for draft, parcel in zip(drafts(transaction, wanted.connector, parcels), parcels, strict=True):
        if units is not None and units < 1:
            break
        plan = parcel.plan
        if not plan.payloads:
            plan = freeze(transaction, draft, plan, wanted.connector, wanted.link, wanted.choices_for)
        parcel.status, parcel.fence = Status.SENDING, fence
        save(transaction, parcel, plan)
        price = cost_of(plan, first_unsettled(plan), wanted.connector)
        claimed.append(Claimed(parcel, plan, draft, price))
        units = None if units is None else units - price
    return claimed


def _doubt(transaction: Transaction, cases: Cases, wanted: Wanted, fence: int) -> None:
    """What a former owner was sending may have left."""
    error = DeliveryError(code=ErrorCode.UNKNOWN, detail="the hub stopped between sending and recording the answer")
    for row in transaction.rows(_LEFT, wanted.connector.id, fence):
        parcel = Parcel(*row)
        plan = msgspec.structs.replace(parcel.plan, error=error)
        parcel.status = Status.UNCERTAIN
        save(transaction, parcel, marked(plan, first_unsettled(plan), Status.UNCERTAIN))
        tell(cases, parcel, wanted.connector.place)


def _expire(transaction: Transaction, cases: Cases, wanted: Wanted) -> bool:
    """Whether more may have expired."""
    error = DeliveryError(code=ErrorCode.EXPIRED, detail="expires_at came before it could be sent")
    rows = transaction.rows(_EXPIRED, wanted.connector.id, transaction.now_us)
    if rows:
        transaction.be_alone()
    for row in rows:
        parcel = Parcel(*row)
        parcel.status = Status.EXPIRED
        save(transaction, parcel, msgspec.structs.replace(parcel.plan, error=error))
        tell(cases, parcel, wanted.connector.place)
    transaction.flush()
    return len(rows) == MOST_EXPIRED
