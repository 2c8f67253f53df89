"""Calls: told as events of the conversation, in order, and as a message where one has to stand for them.

The first thing heard of a call begins it, its end is final, and recordings and transcripts may come after. A call
nobody answered leaves a message whether or not a recording of it ever arrives; what arrives later revises it.
"""

import msgspec

from gateway.arrival import Arrival, Place
from gateway.ids import new_id
from gateway.people.proof import prove
from gateway.record.changes import revise
from gateway.record.desk import Desk
from gateway.record.people import Way
from gateway.record.received import receive_message
from gateway.store import schema
from gateway.store.times import to_us
from gateway.store.transaction import Transaction
from normalizer.calls import Call, Kept, changed, leaves_message, part, worded
from normalizer.codec import decoder, encode
from normalizer.events import CallData
from normalizer.inbound import CallChanged, CallState, MessageReceived
from normalizer.model import Direction, Message
from normalizer.parts import CallPart, CallStatus, MediaPart

_kept = decoder(Kept)
_FIND = "SELECT body FROM calls WHERE connector_id = ? AND external_id = ?"
_SAVE = "UPDATE calls SET body = ? WHERE connector_id = ? AND external_id = ?"


def change_call(desk: Desk, arrival: Arrival, item: CallChanged) -> str | None:
    """The message that stands for the call, if there is one."""
    place = arrival.place
    way, new = desk.crowd[place].way(item.peer)
    if item.peer.claims or item.peer.contact_ref:
        prove(desk, place, way, item.peer)
    before = _find(desk.transaction, place, item.external_id)
    kept = before or _begin(desk, place, way, new, item)
    after = changed(kept, item)
    call = after.call
    told = item.recording is not None or bool(item.transcript)
    wanted = told or call != kept.call if call.message_id else leaves_message(call, item)
    if wanted:
        call = _leave(desk, arrival, call, item)
    after = msgspec.structs.replace(after, call=call)
    if after != kept:
        desk.transaction.change(_SAVE, encode(after), place.connector_id, item.external_id)
    if call != kept.call:
        ends = call.ended_at is not None and kept.call.ended_at is None
        _tell(desk, place, way, call, "call.ended" if ends else "call.updated")
    return call.message_id


def _find(transaction: Transaction, place: Place, external_id: str) -> Kept | None:
    transaction.flush()  # it may have begun in this very batch
    row = transaction.row(_FIND, place.connector_id, external_id)
    return _kept.decode(row[0]) if row else None


def _begin(desk: Desk, place: Place, way: Way, new: bool, item: CallChanged) -> Kept:
    """Writes a call that is heard of for the first time, and says so."""
    case = desk.case_of(place, desk.crowd[place], way, new, None)
    began = item.state is CallState.STARTED and item.status is not None
    call = Call(
        id=new_id(),
        external_id=item.external_id,
        conversation_id=case.id,
        route_id=way.id,
        direction=item.direction,
        status=item.status if began and item.status else CallStatus.RINGING,
        started_at=item.occurred_at,
        context=item.context,
    )
    kept = Kept(call=call)
    desk.transaction.insert(schema.calls, place.connector_id, item.external_id, encode(kept), to_us(item.occurred_at))
    desk.transaction.flush()
    _tell(desk, place, way, call, "call.started")
    return kept


def _tell(desk: Desk, place: Place, way: Way, call: Call, type_: str) -> None:
    case = desk.cases.standing(call.conversation_id)
    data = CallData(call=call, route=way.model(), contact=way.contact)
    desk.cases.emit(case, type_, data, call.id, desk.cases.advance(case), place)


def _leave(desk: Desk, arrival: Arrival, call: Call, item: CallChanged) -> Call:
    """Writes the message that stands for the call, or revises it; the call with what that brought."""
    if call.message_id is None:
        message = desk.message(receive_message(desk, arrival, _message(call, item)))
    else:
        message = desk.message(call.message_id)
        if message.redacted_at is not None:
            return call  # what was deleted does not come back
        new = desk.attach(arrival.place, message.id, [item.recording]) if item.recording else ()
        revised = _revised(call, message, new, item)
        if revised != message:
            revise(desk, arrival.place, revised)
            message = desk.message(message.id)
    files = tuple(each for each in message.parts if isinstance(each, MediaPart))
    return msgspec.structs.replace(call, message_id=message.id, recordings=files)


def _message(call: Call, item: CallChanged) -> MessageReceived:
    recorded = item.recording
    text = worded(call, recorded.duration if recorded else None, recorded is not None, item.transcript)
    return MessageReceived(
        key=item.key,
        external_id=f"call:{item.external_id}",
        peer=item.peer,
        from_us=call.direction is Direction.OUT,
        text=text,
        parts=(part(call, item.transcript),),
        media=(recorded,) if recorded else (),
        occurred_at=item.occurred_at,
        auto=call.answered_at is not None,
        context=call.context,
    )


def _revised(call: Call, message: Message, new: tuple[MediaPart, ...], item: CallChanged) -> Message:
    told = next((each for each in message.parts if isinstance(each, CallPart)), None)
    transcript = item.transcript or (told.transcript if told else None)
    files = (*(each for each in message.parts if isinstance(each, MediaPart)), *new)
    recorded = sum(each.duration or 0.0 for each in files) or None
    text = worded(call, recorded, bool(files), transcript)
    return msgspec.structs.replace(message, text=text, parts=(part(call, transcript), *files))
