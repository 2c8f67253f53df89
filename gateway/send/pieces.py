"""The provider requests of a delivery: the token each goes by, and what is told of them makes of the whole.

Answers and reports come in any order, and some never: each request keeps the highest status it was given, and so does
the delivery once all of its requests are settled. A delivery whose doubt ends while others of its requests are still to
go returns to the queue for those.
"""

from collections.abc import Sequence

import msgspec

from gateway.send.standing import Frozen, Parcel, Plan, save
from gateway.store.transaction import Transaction
from normalizer.errors import ErrorCode
from normalizer.model import DeliveryError
from normalizer.status import OPEN, RANK, Standing, Status, merge

ARRIVED = frozenset({Status.ACCEPTED, Status.DELIVERED, Status.READ})
UNSETTLED = OPEN | {Status.UNCERTAIN}
MOST_DIGITS = 6
UNTOLD = DeliveryError(code=ErrorCode.UNKNOWN, detail="reported by the provider")


def token_of(delivery_id: str, n: int) -> str:
    """What the nth request (from 0) carries, and the provider gives back; the same whenever it is sent again."""
    return f"{delivery_id}.{n + 1}"


def read_token(token: str) -> tuple[str, int] | None:
    """Delivery and n (from 0) of a token; None for what is none of ours."""
    delivery_id, _, number = token.rpartition(".")
    if not delivery_id or len(number) > MOST_DIGITS or not (number.isascii() and number.isdecimal()):
        return None
    return (delivery_id, int(number) - 1) if int(number) > 0 else None


def first_unsettled(plan: Plan) -> int:
    """The request that is under way while a delivery is: they leave in order."""
    return next((n for n, frozen in enumerate(plan.payloads) if frozen.status in UNSETTLED), 0)


def is_settled(plan: Plan, n: int) -> bool:
    return n < len(plan.payloads) and plan.payloads[n].status not in UNSETTLED


def marked(plan: Plan, n: int, status: Status) -> Plan:
    """The plan with another status of its nth request."""
    return _with(plan, n, status=status)


def hear(
    transaction: Transaction,
    parcel: Parcel,
    n: int,
    status: Status,
    *,
    external_ids: Sequence[str] = (),
    error: DeliveryError | None = None,
) -> bool:
    """Merges what is told of the nth request (from 0), and writes what is news; whether the delivery's status changed.

    `external_ids` are all that the request goes by, the one that reports name first.
    """
    before, stood = parcel.plan, Standing(parcel.attempt, Status(parcel.status))
    plan = before
    if before.payloads:
        frozen = before.payloads[n]
        if status == Status.FAILED and stood.status == Status.QUEUED and frozen.status in UNSETTLED:
            return False  # of an attempt that is over; the next one is to come
        risen = max(frozen.status, status, key=RANK.__getitem__)
        plan = _with(before, n, status=risen, external_ids=tuple(dict.fromkeys((*external_ids, *frozen.external_ids))))
    now_stands = _standing(stood, plan.payloads, status)
    told = (error or UNTOLD) if status == Status.FAILED else None
    plan = msgspec.structs.replace(plan, error=_error(stood.status, now_stands.status, before.error, told))
    parcel.attempt, parcel.status = now_stands
    if now_stands != stood or plan != before:
        save(transaction, parcel, plan)
    return now_stands != stood


def _standing(stood: Standing, payloads: Sequence[Frozen], told: Status) -> Standing:
    statuses = {frozen.status for frozen in payloads} or {told}
    if not statuses & UNSETTLED:
        whole = max(statuses, key=RANK.__getitem__)
        if whole == Status.FAILED and stood.status == Status.REROUTED:
            return stood  # that is why it was
        return merge(stood, Standing(stood.attempt, whole))
    if stood.status == Status.UNCERTAIN and Status.UNCERTAIN not in statuses:
        return Standing(stood.attempt + 1, Status.QUEUED)
    return stood


def _error(
    stood: Status, stands: Status, before: DeliveryError | None, told: DeliveryError | None
) -> DeliveryError | None:
    """What stands as the reason. Of two reports of a failure the one that says more, whichever was heard first."""
    if stands in ARRIVED:
        return None
    if stood in (Status.FAILED, Status.REROUTED) and before and told:
        return max(before, told, key=lambda e: (e.code != ErrorCode.UNKNOWN, e.provider_code or "", e.code, e.detail))
    return told or before


def _with(plan: Plan, n: int, **changes: object) -> Plan:
    if n >= len(plan.payloads):
        return plan
    changed = msgspec.structs.replace(plan.payloads[n], **changes)
    return msgspec.structs.replace(plan, payloads=(*plan.payloads[:n], changed, *plan.payloads[n + 1 :]))
