"""A delivery as the store keeps it, and how its status climbs."""

from dataclasses import dataclass, fields

import msgspec

from gateway.arrival import Place
from gateway.ids import new_id
from gateway.record.cases import Cases
from gateway.store import schema
from gateway.store.transaction import Transaction
from normalizer.codec import decoder, encode
from normalizer.commands import Fallback
from normalizer.events import DeliveryData
from normalizer.model import Delivery, DeliveryError, DeliveryKind, Loss, Message, PayloadState
from normalizer.parts import Action
from normalizer.payload import Payload
from normalizer.status import OPEN, RANK, Standing, Status, merge


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """One provider request, rendered before the first attempt and never again."""

    body: Payload
    status: Status = Status.QUEUED
    external_ids: tuple[str, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent, and what became of it so far."""

    why: str
    payloads: tuple[Frozen, ...] = ()
    """Empty until the first claim renders them."""
    losses: tuple[Loss, ...] = ()
    numbered: tuple[Action, ...] = ()
    quote: str | None = None
    """External id of the message answered."""
    target: str | None = None
    """External id of the message an edit or a reaction is about."""
    reaction: str | None = None
    error: DeliveryError | None = None
    fallback: tuple[Fallback, ...] = ()
    """Channels to try when this delivery fails, in order."""
    reach: tuple[str, ...] = ()
    """Connectors a fallback may use: those of the conversation's inbox, the first choice first."""
    traffic: int = 0
    """How often the provider asked us to wait; costs no attempt."""


@dataclass(slots=True, eq=False)
class Parcel:
    """A row of `deliveries`, in the table's column order."""

    id: str
    message_id: str
    conversation_id: str
    route_id: str
    connector_id: str
    kind: str
    rank: int
    attempt: int
    status: str
    due_at: int
    expires_at: int | None
    fence: int
    body: bytes
    created_at: int
    updated_at: int

    @property
    def plan(self) -> Plan:
        return _plan.decode(self.body)

    def model(self) -> Delivery:
        plan = self.plan
        return Delivery(
            id=self.id,
            message_id=self.message_id,
            route_id=self.route_id,
            kind=DeliveryKind(self.kind),
            attempt=self.attempt,
            status=Status(self.status),
            payloads=tuple(
                PayloadState(n=n, status=frozen.status, provider_id=next(iter(frozen.external_ids), None))
                for n, frozen in enumerate(plan.payloads, 1)
            ),
            error=plan.error,
            losses=plan.losses,
            why=plan.why,
        )


COLUMNS = ", ".join(field.name for field in fields(Parcel))
SELECT = f"SELECT {COLUMNS} FROM deliveries"
_SAVE = "UPDATE deliveries SET attempt = ?, status = ?, due_at = ?, fence = ?, body = ?, updated_at = ? WHERE id = ?"
_plan = decoder(Plan)


def queue(
    transaction: Transaction,
    message: Message,
    route_id: str,
    connector_id: str,
    plan: Plan,
    *,
    rank: int,
    kind: DeliveryKind = DeliveryKind.MESSAGE,
    expires_at: int | None = None,
) -> Parcel:
    """A new delivery of a message on a route, due at once; wakes its lane."""
    now = transaction.now_us
    parcel = Parcel(
        id=new_id(),
        message_id=message.id,
        conversation_id=message.conversation_id,
        route_id=route_id,
        connector_id=connector_id,
        kind=kind,
        rank=rank,
        attempt=1,
        status=Status.QUEUED,
        due_at=now,
        expires_at=expires_at,
        fence=0,
        body=encode(plan),
        created_at=now,
        updated_at=now,
    )
    transaction.insert(schema.deliveries, *(getattr(parcel, name) for name in Parcel.__slots__))
    transaction.wake("lane", connector_id)
    return parcel


def save(transaction: Transaction, parcel: Parcel, plan: Plan | None = None) -> None:
    """Writes a delivery as it stands in memory."""
    if plan is not None:
        parcel.body = encode(plan)
    parcel.updated_at = transaction.now_us
    transaction.change(
        _SAVE, parcel.attempt, parcel.status, parcel.due_at, parcel.fence, parcel.body, parcel.updated_at, parcel.id
    )


def tell(cases: Cases, parcel: Parcel, place: Place | None) -> None:
    """Says in the conversation's history how the delivery stands."""
    case = cases.get(parcel.conversation_id)
    data = DeliveryData(delivery=parcel.model())
    cases.emit(case, "delivery.updated", data, parcel.message_id, cases.advance(case), place)


def climb(
    transaction: Transaction, delivery_id: str, external_id: str, status: Status, error: DeliveryError | None = None
) -> Parcel | None:
    """Merges a report about the present attempt; the delivery, where that changed its status.

    A report names one provider request. While others of the delivery are still to go it changes only that one's status:
    the delivery goes on, and keeps its successors back.
    """
    transaction.flush()
    row = transaction.row(f"{SELECT} WHERE id = ?", delivery_id)
    assert row is not None
    parcel = Parcel(*row)
    before = parcel.plan
    payloads = tuple(
        _risen(frozen, status) if external_id in frozen.external_ids else frozen for frozen in before.payloads
    )
    standing = Standing(parcel.attempt, Status(parcel.status))
    after = standing
    if all(frozen.status not in OPEN for frozen in payloads):
        after = merge(standing, Standing(parcel.attempt, status))
    if after == standing and payloads == before.payloads:
        return None
    parcel.status = after.status
    save(transaction, parcel, msgspec.structs.replace(before, payloads=payloads, error=error or before.error))
    return parcel if after != standing else None


def _risen(frozen: Frozen, status: Status) -> Frozen:
    return msgspec.structs.replace(frozen, status=max(frozen.status, status, key=RANK.__getitem__))
