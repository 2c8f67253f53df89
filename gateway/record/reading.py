"""The customer has read: what left for them on a route, up to a message, becomes `read`."""

from typing import NamedTuple

from gateway.arrival import Place
from gateway.record.desk import Desk
from gateway.record.people import Way
from gateway.send.fallback import follow_up
from gateway.send.pieces import hear
from gateway.send.standing import COLUMNS, Parcel
from gateway.store.histories import both
from gateway.store.times import to_us
from normalizer.inbound import ReadUpTo
from normalizer.status import Status


class Mark(NamedTuple):
    before: int | None
    """Microseconds. What was asked for later cannot be meant, and what may not have left is not taken for sent."""
    status: Status


ALL_READ = Mark(None, Status.READ)
_REACHED = {True: Status.READ, False: Status.DELIVERED}
BACK = 500
"""How many events of a conversation a receipt reaches back: what is older was read before, or never will be."""
_UNREAD = both(
    f"SELECT h.sequence, {', '.join(f'd.{name}' for name in COLUMNS)} FROM {{history}} h"
    " CROSS JOIN events e ON e.position = h.position CROSS JOIN deliveries d ON d.message_id = e.subject"
    " WHERE h.conversation = ?1 AND h.sequence > ?2 AND h.sequence <= ?3 AND e.type = 'message.created'"
    " AND d.route_id = ?4 AND d.kind = 'message' AND d.status IN ('accepted', 'delivered', 'uncertain')"
)
_HOLD = (
    "SELECT id FROM deliveries WHERE conversation_id = ? AND route_id = ?"
    " AND status IN ('accepted', 'delivered', 'uncertain') ORDER BY id"
)


def read_up_to(desk: Desk, place: Place, item: ReadUpTo) -> str | None:
    """Reports each delivery on the peer's own route as read; the id of the message that was named, if any was."""
    people = desk.crowd[place]
    people.load([item.peer.person.address.value])
    way = people.standing(item.peer)
    if way is None or way.conversation_id is None:
        return None
    known = desk.known(place, item.external_id)
    if known is not None:
        sequence = desk.message(known.message_id).sequence
        for read in _read(desk, way, known.route_id):
            _mark(desk, place, read, known.conversation_id, sequence)
        return known.message_id
    if item.sequence is not None:
        _mark(desk, place, way, way.conversation_id, item.sequence)
    if item.until is not None:
        _mark(desk, place, way, way.conversation_id, None, Mark(to_us(item.until), _REACHED[item.seen]))
    return None


def _read(desk: Desk, way: Way, route_id: str | None) -> list[Way]:
    """The peer's own route, and that of the message where it is another of the same person's: a visitor's, before they
    signed in."""
    other = None if route_id in (None, way.id) else desk.way(route_id)
    return [way] if other is None or other.contact.id != way.contact.id else [way, other]


def _mark(desk: Desk, place: Place, way: Way, conversation_id: str, up_to: int | None, mark: Mark = ALL_READ) -> None:
    """Up to a sequence, or the whole of it; what was asked for before the mark's moment."""
    case = desk.cases.get(conversation_id)
    sequence = case.sequence if up_to is None else min(up_to, case.sequence)
    desk.transaction.flush()
    desk.transaction.hold(_HOLD, case.id, way.id)
    sql = f"{_UNREAD} ORDER BY 1"
    for _, *columns in desk.transaction.rows(sql, case.number, sequence - BACK, sequence, way.id):
        parcel = Parcel(*columns)
        if mark.before is not None and (parcel.created_at > mark.before or parcel.status == Status.UNCERTAIN):
            continue
        news = [hear(desk.transaction, parcel, n, mark.status) for n in range(max(len(parcel.plan.payloads), 1))]
        if any(news):
            follow_up(desk, parcel, place)
