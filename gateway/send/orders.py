"""Commands about what stands: `message.edit` and `reaction.set`, which become deliveries of their own, and
`message.redact` and `emergency.raise`, which do not."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from gateway.live import LiveConnector
from gateway.record.changes import revise, tell_reaction
from gateway.record.desk import Desk, Known
from gateway.record.people import Way
from gateway.send.asks import Accepted, Order, Refusal, Rejected
from gateway.send.each import each
from gateway.send.raising import raise_emergency
from gateway.send.redacting import redact_message
from gateway.send.standing import SELECT, Frozen, Parcel, Plan, queue
from gateway.store.transaction import Transaction
from normalizer.commands import EditMessage, RaiseEmergency, RedactMessage, SetReaction, excess, nul_in
from normalizer.errors import ErrorCode
from normalizer.model import PRIORITY_RANK, DeliveryKind, Direction, Message, Priority
from normalizer.parts import MediaPart
from normalizer.render import render


def order(transaction: Transaction, orders: Sequence[Order]) -> list[Accepted | Rejected]:
    """Accepts each order, or says why not. A refused one leaves no trace."""
    return each(transaction, orders, _order)


def _order(desk: Desk, one: Order) -> Accepted:
    if held := nul_in(one.command):
        raise Refusal(422, ErrorCode.CONTENT_UNSUPPORTED, f"{held}: a NUL character cannot be sent")
    return ORDERS[type(one.command)](desk, one)


def _edit(desk: Desk, one: Order) -> Accepted:
    command = one.command
    assert isinstance(command, EditMessage)
    if excess(command.text, command.parts):
        raise Refusal(422, ErrorCode.CONTENT_UNSUPPORTED, "text or parts are too many")
    message, way, connector = _standing(desk, one, command.message_id)
    if message.direction != Direction.OUT:
        raise Refusal(422, ErrorCode.CONTENT_UNSUPPORTED, "only messages of ours can be edited")
    capability = connector.plugin.info.on(way.visibility)
    parts = command.parts or tuple(part for part in message.parts if isinstance(part, MediaPart))
    if not capability.edits:
        raise Refusal(422, ErrorCode.CONTENT_UNSUPPORTED, f"{connector.place.channel} cannot edit what was sent")
    rendered = render(command.text, parts, message.actions, capability, False, {})
    if len(rendered.payloads) != 1 or _requests_of(desk, message) != 1:
        raise Refusal(422, ErrorCode.CONTENT_UNSUPPORTED, "only what goes in one provider request can be edited")
    message = msgspec.structs.replace(message, text=command.text, parts=parts, edited_at=desk.transaction.now)
    revise(desk, connector.place, message)
    plan = Plan(
        why="edit of what was sent",
        target=message.external_ids[0],
        payloads=(Frozen(body=rendered.payloads[0]),),
        losses=rendered.losses,
    )
    parcel = _queue(desk, message, way, DeliveryKind.EDIT, plan)
    return Accepted(desk.message(message.id), parcel.model())


def _react(desk: Desk, one: Order) -> Accepted:
    command = one.command
    assert isinstance(command, SetReaction)
    message, way, connector = _standing(desk, one, command.message_id)
    allowed = connector.plugin.info.on(way.visibility).reactions
    if allowed is None:
        raise Refusal(422, ErrorCode.CONTENT_UNSUPPORTED, f"{connector.place.channel} knows no reactions")
    if command.reaction is not None and allowed and command.reaction not in allowed:
        detail = f"{connector.place.channel} does not know the reaction {command.reaction!r}"
        raise Refusal(422, ErrorCode.CONTENT_UNSUPPORTED, detail)
    plan = Plan(why="reaction to a message", target=message.external_ids[0], reaction=command.reaction)
    parcel = _queue(desk, message, way, DeliveryKind.REACTION, plan)
    known = Known(message.id, message.conversation_id, way.id, None)
    before = _reaction_before(desk, parcel)
    for type_, reaction in (("reaction.removed", before), ("reaction.added", command.reaction)):
        if reaction is not None and before != command.reaction:
            tell_reaction(desk, connector.place, known, type_, reaction, one.author.kind, one.author.ref)
    return Accepted(message, parcel.model())


ORDERS: dict[type[Any], Callable[[Desk, Order], Accepted]] = {
    EditMessage: _edit,
    SetReaction: _react,
    RedactMessage: redact_message,
    RaiseEmergency: raise_emergency,
}


def _standing(desk: Desk, one: Order, message_id: str) -> tuple[Message, Way, LiveConnector]:
    """A message the provider knows, with its route."""
    try:
        message = desk.message(message_id)
    except KeyError:
        raise Refusal(404, "not_found", f"there is no message {message_id}") from None
    way = desk.way(message.route_id)
    connector = one.connectors.get(way.connector_id) if way else None
    if way is None or connector is None:
        raise Refusal(422, ErrorCode.NO_ROUTE, "the message stands on no route of a configured connector")
    if message.redacted_at is not None:
        raise Refusal(422, ErrorCode.CONTENT_UNSUPPORTED, "the message was deleted")
    if not message.external_ids:
        raise Refusal(409, "not_sent", "the provider has not accepted the message yet")
    return message, way, connector


def _requests_of(desk: Desk, message: Message) -> int:
    sql = f"{SELECT} WHERE message_id = ? AND kind = ? ORDER BY id DESC LIMIT 1"
    row = desk.transaction.row(sql, message.id, DeliveryKind.MESSAGE)
    return len(Parcel(*row).plan.payloads) if row else 1


def _reaction_before(desk: Desk, parcel: Parcel) -> str | None:
    """Our reaction as it stood before this order."""
    sql = f"{SELECT} WHERE message_id = ? AND kind = ? AND id < ? ORDER BY id DESC LIMIT 1"
    row = desk.transaction.row(sql, parcel.message_id, DeliveryKind.REACTION, parcel.id)
    return Parcel(*row).plan.reaction if row else None


def _queue(desk: Desk, message: Message, way: Way, kind: DeliveryKind, plan: Plan) -> Parcel:
    rank = PRIORITY_RANK[Priority.NORMAL]
    return queue(desk.transaction, message, way.id, way.connector_id, plan, rank=rank, kind=kind)
