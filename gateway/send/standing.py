"""A delivery as the store keeps it, and whose turn it is on a route.

Of the deliveries that wait on one route with one rank, one has its turn: it is due, or under way. The others are due at
`NEVER`, and so a lane never looks at them, however many they are; whoever leaves the queue gives the turn to the next.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields

import msgspec

from gateway.arrival import Place
from gateway.ids import new_id
from gateway.record.cases import Cases
from gateway.store import schema
from gateway.store.times import SECOND
from gateway.store.transaction import Transaction, listed
from normalizer.codec import decoder, encode
from normalizer.commands import Fallback
from normalizer.events import DeliveryData
from normalizer.model import Delivery, DeliveryError, DeliveryKind, Loss, Message, PayloadState
from normalizer.parts import Action
from normalizer.payload import Payload
from normalizer.status import OPEN, Status

NEVER = 253_402_214_400 * SECOND
"""`due_at` of a delivery that waits for another on its route: 9999-12-31, the last day that reads as a date."""


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """One provider request, rendered before the first attempt and never again."""

    body: Payload
    status: Status = Status.QUEUED
    """`queued` until something is known of it; `uncertain` where it may have left."""
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
    trace: str | None = None
    """Of what asked for it; what is told of it belongs there, whoever reports it."""


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
    stored: str = field(init=False)
    """Its status as the store has it."""
    _read: tuple[bytes, Plan] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.stored = self.status

    @property
    def plan(self) -> Plan:
        """What `body` says; read once."""
        if self._read is None or self._read[0] is not self.body:
            self._read = (self.body, _plan.decode(self.body))
        return self._read[1]

    def write(self, plan: Plan) -> None:
        self.body = encode(plan)
        self._read = (self.body, plan)

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


COLUMNS = tuple(column.name for column in fields(Parcel) if column.init)
SELECT = f"SELECT {', '.join(COLUMNS)} FROM deliveries"
_SAVE = "UPDATE deliveries SET attempt = ?, status = ?, due_at = ?, fence = ?, body = ?, updated_at = ? WHERE id = ?"
_WAITING = "SELECT id FROM deliveries WHERE route_id = ? AND rank = ? AND status IN ('queued', 'sending')"
_NEXT = f"UPDATE deliveries SET due_at = ? WHERE id = ({_WAITING} ORDER BY id LIMIT 1) AND due_at = {NEVER}"
"""Gives the turn to the first, after the one that had it left."""
_FIRST = f"{_NEXT} AND NOT EXISTS ({_WAITING} AND due_at < {NEVER})"
"""Gives it to the first where nobody has it, after one joined."""
_RETURNED = f"{_FIRST} AND status = 'queued'"
"""The same in other words, because changes are carried out by their words in the order those were first used: what
returns to the queue has to be written before."""
_HOLD_ROUTE = "SELECT id FROM routes WHERE id = ?"
_AMONG = "id IN (SELECT value FROM json_each(?))"
_HOLDS = (
    f"SELECT id FROM routes WHERE id IN (SELECT route_id FROM deliveries WHERE {_AMONG}) ORDER BY id",
    f"SELECT id FROM conversations WHERE id IN (SELECT conversation_id FROM deliveries WHERE {_AMONG}) ORDER BY id",
    f"SELECT id FROM deliveries WHERE {_AMONG} ORDER BY id",
)
_plan = decoder(Plan)


def hold_deliveries(transaction: Transaction, ids: Iterable[str]) -> None:
    """Before they are read to be changed: with their routes, whose turn they may pass on, and their conversations,
    which tell of it."""
    wanted = listed(ids)
    for sql in _HOLDS:
        transaction.hold(sql, wanted)


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
    """A new delivery of a message on a route, due when it is its turn; wakes its lane."""
    transaction.hold(_HOLD_ROUTE, route_id)
    now = transaction.now_us
    if plan.trace is None:
        plan = msgspec.structs.replace(plan, trace=transaction.trace)
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
        due_at=NEVER,
        expires_at=expires_at,
        fence=0,
        body=encode(plan),
        created_at=now,
        updated_at=now,
    )
    transaction.insert(schema.deliveries, *(getattr(parcel, name) for name in COLUMNS))
    place = (route_id, rank)
    transaction.change(_FIRST, now, *place, *place)
    transaction.wake("lane", connector_id)
    return parcel


def save(transaction: Transaction, parcel: Parcel, plan: Plan | None = None) -> None:
    """Writes a delivery as it stands in memory. One that leaves the queue, or returns to it, passes the turn on."""
    if plan is not None:
        parcel.write(plan)
    waited, parcel.stored = parcel.stored in OPEN, parcel.status
    waits = parcel.status in OPEN
    had_turn = waited and parcel.due_at < NEVER
    if waits and not waited:
        parcel.due_at = NEVER
    parcel.updated_at = transaction.now_us
    transaction.change(
        _SAVE, parcel.attempt, parcel.status, parcel.due_at, parcel.fence, parcel.body, parcel.updated_at, parcel.id
    )
    place = (parcel.route_id, parcel.rank)
    if waits and not waited:
        transaction.change(_RETURNED, transaction.now_us, *place, *place)
    elif had_turn and not waits:
        transaction.change(_NEXT, transaction.now_us, *place)
    if waits != waited:
        transaction.wake("lane", parcel.connector_id)


def tell(cases: Cases, parcel: Parcel, place: Place | None) -> None:
    """Says in the conversation's history how the delivery stands."""
    case = cases.get(parcel.conversation_id)
    data = DeliveryData(delivery=parcel.model())
    cases.emit(case, "delivery.updated", data, parcel.message_id, cases.advance(case), place, parcel.plan.trace)
