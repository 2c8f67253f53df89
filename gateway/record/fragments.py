"""Messages that arrive in pieces: kept at once, put together when complete or after a quiet second.

A piece that comes after its message was put together arrives as an edit of it. Where pieces are numbered, their group
may be named by a number that phones use again (an octet or two in 3GPP TS 23.040, 9.2.3.24.1 and 9.2.3.24.8): a piece
that has no place in the message that stands begins another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from connectors.kit.base import Outcome
from gateway.arrival import Arrival, Place, Raw, Recorded
from gateway.record.changes import anything_waits, catch_up, revise
from gateway.record.desk import Desk, Known
from gateway.record.received import receive_message
from gateway.record.timers import end_timer, set_timer, subject_of
from gateway.record.traces import trace_of_raw
from gateway.store import schema
from gateway.store.times import SECOND, from_us
from gateway.store.transaction import Transaction
from normalizer.assemble import assemble, external_ids
from normalizer.codec import decoder, encode
from normalizer.inbound import Fragment, MessageReceived
from normalizer.parts import MediaPart

QUIET = SECOND
JOINS = 86_400 * SECOND
"""How long a message that lacks a numbered piece waits for it."""
TIMER = "assemble"
_decoder = decoder(MessageReceived)
_PIECES = "SELECT body, raw_id, received_at FROM fragments WHERE connector_id = ? AND grouping = ?"
_STANDING = "SELECT message_id FROM arrivals WHERE connector_id = ? AND key = ?"
_LEAVE_NAME = (
    "UPDATE arrivals SET key = ? WHERE connector_id = ? AND key = ?",
    "UPDATE fragments SET grouping = ? WHERE connector_id = ? AND grouping = ?",
)


@dataclass(frozen=True)
class Whole:
    """A fragmented message that is due to be put together."""

    place: Place
    group: str


def piece(desk: Desk, arrival: Arrival, item: MessageReceived) -> str | None:
    """Keeps a piece; the id of its message where that stands already."""
    assert item.fragment is not None
    transaction, connector_id, group = desk.transaction, arrival.place.connector_id, item.fragment.group
    standing = transaction.row(_STANDING, connector_id, _key(group))
    if standing and item.fragment.count is not None:
        transaction.be_alone()
        if _is_of_another(transaction, connector_id, item.fragment):
            _leave_name(transaction, connector_id, group, standing[0])
            standing = None
    transaction.insert(
        schema.fragments, connector_id, item.key, group, arrival.raw.id, encode(item), transaction.now_us
    )
    if standing:
        _come_late(desk, arrival, item, standing[0])
        return str(standing[0])
    kept = transaction.row(
        "SELECT count(*) FROM fragments WHERE connector_id = ? AND grouping = ?", connector_id, group
    )
    complete = item.fragment.count is not None and kept and kept[0] + 1 >= item.fragment.count
    due = transaction.now_us if complete else transaction.now_us + QUIET
    set_timer(transaction, TIMER, subject_of(connector_id, group), due)
    return None


def put_together(transaction: Transaction, wholes: Sequence[Whole]) -> list[Recorded]:
    """Records the messages whose pieces have been quiet; one whose timer moved meanwhile is left alone."""
    desk = Desk(transaction)
    desk.reports_wait = anything_waits(transaction)
    results = [_put_one(desk, whole) for whole in wholes]
    desk.save()
    return results


def _put_one(desk: Desk, whole: Whole) -> Recorded:
    transaction, connector_id = desk.transaction, whole.place.connector_id
    subject = subject_of(connector_id, whole.group)
    timer = transaction.row("SELECT due_at FROM timers WHERE kind = ? AND subject = ?", TIMER, subject)
    if timer is None or timer[0] > transaction.now_us:
        return Recorded(Outcome.DUPLICATE)
    end_timer(transaction, TIMER, subject)
    rows = transaction.rows(_PIECES, connector_id, whole.group)
    pieces = [_decoder.decode(body) for body, _, _ in rows]
    _, raw_id, received_at = min(rows, key=lambda row: row[2])
    message = assemble(pieces)
    raw = Raw(id=raw_id, received_at=from_us(received_at), method="", url="", headers=b"", body=b"")
    desk.crowd[whole.place].load([message.peer.person.address.value])
    if message.reply_to:
        desk.find(whole.place, [message.reply_to])
    names = external_ids(pieces)
    with transaction.tracing(trace_of_raw(transaction, raw_id)):
        message_id = receive_message(desk, Arrival(whole.place, raw, [message]), message, names)
        transaction.insert(schema.arrivals, connector_id, _key(whole.group), raw_id, message_id, transaction.now_us)
        catch_up(desk, whole.place, names)
    return Recorded(Outcome.RECORDED, (message,))


def _is_of_another(transaction: Transaction, connector_id: str, fragment: Fragment) -> bool:
    """Whether the message that stands under the name of a numbered piece's group has no place for it."""
    transaction.flush()
    rows = transaction.rows(_PIECES, connector_id, fragment.group)
    theirs = [_decoder.decode(body).fragment for body, _, _ in rows]
    places = {one.order for one in theirs if one is not None and one.count == fragment.count}
    newest = max((received_at for _, _, received_at in rows), default=0)
    return not places or fragment.order in places or transaction.now_us - newest > JOINS


def _leave_name(transaction: Transaction, connector_id: str, group: str, message_id: str) -> None:
    """What stands under the name of a group is called by its message too, so that the name is free."""
    aside = f"{group}:{message_id}"
    for sql, names in zip(_LEAVE_NAME, ((_key(aside), _key(group)), (aside, group)), strict=True):
        transaction.change(sql, names[0], connector_id, names[1])
    transaction.flush()


def _come_late(desk: Desk, arrival: Arrival, item: MessageReceived, message_id: str) -> None:
    desk.transaction.be_alone()
    message = desk.message(message_id)
    if item.external_id not in message.external_ids:
        desk.transaction.insert(schema.external_ids, arrival.place.connector_id, item.external_id, message_id, None)
    known = Known(message_id, message.conversation_id, message.route_id, None)
    desk.learn(arrival.place, item.external_id, known)
    if message.redacted_at is not None:
        return  # what was deleted does not come back
    desk.transaction.flush()
    rows = desk.transaction.rows(_PIECES, arrival.place.connector_id, item.fragment.group if item.fragment else "")
    whole = assemble([_decoder.decode(body) for body, _, _ in rows])
    files = tuple(part for part in message.parts if isinstance(part, MediaPart))
    revised = msgspec.structs.replace(
        message,
        text=whole.text,
        parts=whole.parts + files + desk.attach(arrival.place, message_id, item.media),
        external_ids=tuple(dict.fromkeys((*message.external_ids, item.external_id))),
    )
    revise(desk, arrival.place, revised)


def _key(group: str) -> str:
    """The dedupe key of the message put together."""
    return f"fragment:{group}"
