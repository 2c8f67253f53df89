"""An operator settles what is uncertain: by what they found at the provider, or by having it sent once more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from gateway.arrival import Place
from gateway.record.desk import Desk
from gateway.send.asks import Refusal, Rejected
from gateway.send.fallback import settle
from gateway.send.pieces import first_unsettled, hear, marked
from gateway.send.standing import SELECT, Parcel, Plan, save, tell
from gateway.store.transaction import Transaction
from normalizer.errors import ErrorCode
from normalizer.model import Delivery, DeliveryError
from normalizer.status import Status

SETTLED = "; settled as "


class Outcome(StrEnum):
    """What became of the request in doubt."""

    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    FAILED = "failed"
    RETRY = "retry"
    """It did not leave, or may well arrive twice: it is sent again."""


@dataclass(frozen=True)
class Verdict:
    delivery_id: str
    outcome: Outcome
    who: str
    """Stands in the reason."""
    places: Mapping[str, Place]
    """Of the configured connectors."""


def judge(transaction: Transaction, verdicts: Sequence[Verdict]) -> list[Delivery | Rejected]:
    """Settles each delivery, and says so by `delivery.updated`; one that is not uncertain is left alone."""
    desk = Desk(transaction)
    results: list[Delivery | Rejected] = []
    for verdict in verdicts:
        try:
            results.append(_judge(desk, verdict).model())
        except Refusal as refusal:
            results.append(refusal.rejected)
    desk.save()
    return results


def _judge(desk: Desk, verdict: Verdict) -> Parcel:
    desk.transaction.flush()
    row = desk.transaction.row(f"{SELECT} WHERE id = ?", verdict.delivery_id)
    if row is None:
        raise Refusal(404, "not_found", f"there is no delivery {verdict.delivery_id}")
    parcel = Parcel(*row)
    if parcel.status != Status.UNCERTAIN:
        raise Refusal(409, "not_uncertain", f"the delivery is {parcel.status}; only what is uncertain can be settled")
    why = f"{parcel.plan.why.partition(SETTLED)[0]}{SETTLED}{verdict.outcome} by {verdict.who}"
    plan = msgspec.structs.replace(parcel.plan, why=why)
    doubtful = first_unsettled(plan)
    match verdict.outcome:
        case Outcome.RETRY:
            parcel.attempt += 1
            _put(desk.transaction, parcel, Status.QUEUED, msgspec.structs.replace(plan, error=None), doubtful)
        case Outcome.FAILED:  # whole, although other requests of it may be still to go
            error = DeliveryError(code=ErrorCode.UNKNOWN, detail=f"settled by {verdict.who}")
            _put(desk.transaction, parcel, Status.FAILED, msgspec.structs.replace(plan, error=error), doubtful)
        case _:
            parcel.write(plan)
            hear(desk.transaction, parcel, doubtful, Status(verdict.outcome))
    settle(desk, parcel)
    tell(desk.cases, parcel, verdict.places.get(parcel.connector_id))
    return parcel


def _put(transaction: Transaction, parcel: Parcel, status: Status, plan: Plan, n: int) -> None:
    parcel.status = status
    save(transaction, parcel, marked(plan, n, status))
