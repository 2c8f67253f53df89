"""`message.redact`: what a message said is taken away wherever the hub keeps or shows it; its place stands.

What has left already is not called back: the customer, and whoever has a copy of the event, is told by
`message.redacted` only.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from gateway.feed import REREAD
from gateway.record.changes import tombstone
from gateway.record.desk import KEY, Desk
from gateway.send.asks import Accepted, Order, Refusal
from gateway.send.standing import SELECT, Parcel, save, tell
from gateway.store.histories import OF_ID, both
from gateway.store.transaction import Transaction, listed
from gateway.tracing import id_behind, trace_of
from normalizer.commands import RedactMessage
from normalizer.model import Message
from normalizer.payload import Payload
from normalizer.status import Status

WHY = "the message was redacted"
WAITING = frozenset({Status.QUEUED, Status.UNCERTAIN})
"""What may yet leave, or leave once more."""
_TOLD = both(
    "SELECT h.position AS key, e.body FROM {history} h CROSS JOIN events e ON e.position = h.position"
    f" WHERE h.conversation = {OF_ID} AND e.subject = ?2"
    " AND e.type IN ('message.received', 'message.created', 'message.edited')"
)
_RETELL = "UPDATE events SET body = ? WHERE position = ?"
_EMPTY = "UPDATE raws SET headers = X'7B7D', body = X'', sha256 = NULL WHERE connector_id = ? AND id"
_BY_TRACE = f"{_EMPTY} = ?"
_BY_KEY = (
    f"{_EMPTY} IN (SELECT raw_id FROM arrivals WHERE connector_id = ? AND key IN (SELECT value FROM json_each(?)))"
)
_FILES = (
    "UPDATE attachments SET state = 'blocked', due_at = NULL, sha256 = NULL, name = NULL, source = NULL, error = ?"
    " WHERE message_id = ?"
)


def redact_message(desk: Desk, one: Order) -> Accepted:
    """The tombstone. What is one already stays as it is. Raises Refusal."""
    command = one.command
    assert isinstance(command, RedactMessage)
    try:
        message = desk.message(command.message_id)
    except KeyError:
        raise Refusal(404, "not_found", f"there is no message {command.message_id}") from None
    before = message if message.redacted_at is not None else None  # also where the provider told of it
    way = desk.way(message.route_id)
    connector = one.connectors.get(way.connector_id) if way else None
    place = connector.place if connector else None
    _take_back(desk, message)
    desk.transaction.change(_FILES, WHY, message.id)
    redacted = before or tombstone(desk, place, message)
    traces = _rewrite_events(desk, redacted)
    if way:
        _empty_raws(desk.transaction, message, way.connector_id, traces)
    return Accepted(redacted, None, repeated=before is not None)


def _take_back(desk: Desk, message: Message) -> None:
    """Nothing of it leaves any more, and no payload or exchange shows it."""
    transaction = desk.transaction
    for row in transaction.rows(f"{SELECT} WHERE message_id = ? ORDER BY id", message.id):
        parcel = Parcel(*row)
        if parcel.status == Status.SENDING:
            raise Refusal(409, "conflict", "the message is leaving right now: ask again in a moment")
        waited = parcel.status in WAITING
        if waited:
            parcel.status = Status.CANCELLED
        payloads = tuple(msgspec.structs.replace(each, body=Payload(text="")) for each in parcel.plan.payloads)
        plan = msgspec.structs.replace(parcel.plan, payloads=payloads, numbered=(), fallback=())
        save(transaction, parcel, plan)
        transaction.change("DELETE FROM exchanges WHERE subject = ?", parcel.id)
        transaction.change("UPDATE routes SET numbered = NULL WHERE id = ?", parcel.route_id)
        if waited:
            tell(desk.cases, parcel, None)


def _empty_raws(transaction: Transaction, message: Message, connector_id: str, traces: Iterable[str]) -> None:
    """What the provider sent when it brought or changed the message: found by the trace that began there, else by its
    key. Files on disk go once nothing names them."""
    for trace in traces:
        if id_ := id_behind(trace):
            transaction.change(_BY_TRACE, connector_id, id_)
    transaction.change(_BY_KEY, connector_id, connector_id, listed(KEY + name for name in message.external_ids))


def _rewrite_events(desk: Desk, message: Message) -> list[str]:
    """What the feed told of it tells of the tombstone, also to who reads it once more. The traces of those events."""
    transaction = desk.transaction
    transaction.flush()
    told = msgspec.to_builtins(message)
    traces = []
    for position, body in transaction.rows(_TOLD, message.conversation_id, message.id):
        event: dict[str, Any] = msgspec.json.decode(body)
        event["data"] |= {"message": told, "truncated": False}
        transaction.change(_RETELL, msgspec.json.encode(event), position)
        if trace := trace_of(event.get("traceparent")):
            traces.append(trace)
    transaction.wake(*REREAD)
    return traces
