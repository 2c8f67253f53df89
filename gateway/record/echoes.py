"""Echoes: messages of ours that the provider tells us of, like those the account's owner writes elsewhere.

One that comes while something is being sent to the same address may be exactly that, told before the answer to the
send. It waits: the answer, or a report, says by what name our message goes; and what was not ours after all is recorded
as the message it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.arrival import Arrival, Place, Raw
from gateway.record.changes import ECHO, catch_up, keep_waiting
from gateway.record.desk import Desk
from gateway.record.received import receive_message
from gateway.record.timers import end_timer, set_timer, subject_of
from gateway.record.traces import trace_of_raw
from gateway.store.times import SECOND, from_us
from gateway.store.transaction import Transaction
from normalizer.codec import decoder
from normalizer.inbound import MessageReceived

PATIENCE = 2 * SECOND
"""Until it is looked at again …"""
LONGEST = 150 * SECOND
"""… and for how long at the most: no request to a provider lasts longer."""
_decoder = decoder(MessageReceived)
_SENDING = (
    "SELECT 1 FROM deliveries d JOIN routes r ON r.id = d.route_id"
    " WHERE d.connector_id = ? AND d.status = 'sending' AND r.address = ? LIMIT 1"
)
_WAITING = "SELECT body, created_at FROM waiting_reports WHERE connector_id = ? AND key = ?"
_RECORDED = "UPDATE arrivals SET message_id = ? WHERE connector_id = ? AND key = ?"
_RAW = (
    "SELECT r.id, r.received_at FROM arrivals a JOIN raws r ON r.id = a.raw_id WHERE a.connector_id = ? AND a.key = ?"
)
_HEARD = "DELETE FROM waiting_reports WHERE connector_id = ? AND key = ?"


@dataclass(frozen=True)
class Echo:
    place: Place
    key: str


def hold_back(desk: Desk, place: Place, item: MessageReceived) -> bool:
    """Lets an item wait that may be the echo of what is being sent; whether it does."""
    address = item.peer.person.address.value
    if desk.known(place, item.external_id) or not _is_sending(desk.transaction, place, address):
        return False
    keep_waiting(desk, place, item)
    set_timer(desk.transaction, ECHO, subject_of(place.connector_id, item.key), desk.transaction.now_us + PATIENCE)
    return True


def look_again(transaction: Transaction, echoes: Sequence[Echo]) -> list[None]:
    """Records what turned out to be no echo; what still may be one waits on."""
    desk = Desk(transaction)
    desk.reports_wait = True
    for echo in echoes:
        _look(desk, echo)
    desk.save()
    return [None] * len(echoes)


def _look(desk: Desk, echo: Echo) -> None:
    transaction, place = desk.transaction, echo.place
    timer = (ECHO, subject_of(place.connector_id, echo.key))
    row = transaction.row(_WAITING, place.connector_id, echo.key)
    if row is None:  # it was ours
        end_timer(transaction, *timer)
        return
    item, since = _decoder.decode(row[0]), row[1]
    address = item.peer.person.address.value
    if since + LONGEST > transaction.now_us and _is_sending(transaction, place, address):
        set_timer(transaction, *timer, transaction.now_us + PATIENCE)
        return
    end_timer(transaction, *timer)
    transaction.change(_HEARD, place.connector_id, echo.key)
    transaction.flush()
    desk.crowd[place].load([address])
    desk.find(place, [item.external_id, *([item.reply_to] if item.reply_to else [])])
    raw = _raw(transaction, place, echo.key)
    with transaction.tracing(trace_of_raw(transaction, raw.id) if raw.id else None):
        message_id = receive_message(desk, Arrival(place, raw, [item]), item)
        transaction.change(_RECORDED, message_id, place.connector_id, echo.key)
        catch_up(desk, place, (item.external_id,))


def _is_sending(transaction: Transaction, place: Place, address: str) -> bool:
    return transaction.row(_SENDING, place.connector_id, address) is not None


def _raw(transaction: Transaction, place: Place, key: str) -> Raw:
    id_, received_at = transaction.row(_RAW, place.connector_id, key) or ("", transaction.now_us)
    return Raw(id=id_, received_at=from_us(received_at), method="", url="", headers=b"", body=b"")
