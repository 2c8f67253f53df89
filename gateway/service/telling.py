"""What an inbox says by itself: closed until when, answered by when, an emergency is taken.

Never to a machine, never against the customer's word, and once per conversation and day of the inbox's zone at most. An
emergency is told whenever it is raised: between two of them a person has answered.
"""

from datetime import datetime, tzinfo

import structlog

from gateway.arrival import Place
from gateway.ids import new_id
from gateway.record.cases import Case
from gateway.record.contacts import contact_of
from gateway.record.desk import Desk
from gateway.record.people import Way
from gateway.send.standing import Plan, queue
from gateway.send.target import facts_of
from gateway.store.times import from_us, to_us
from normalizer.hours import next_opening, zone_named
from normalizer.inbound import MessageReceived
from normalizer.model import (
    PRIORITY_RANK,
    Author,
    AuthorKind,
    Contact,
    Direction,
    Message,
    Priority,
    Purpose,
    Visibility,
)
from normalizer.promise import Occasion
from normalizer.reply_channel import Chosen, Wish, choose
from normalizer.service import Expected, filled, hours_of, wording, zone_of

log = structlog.get_logger()
WHY = "the route written from"
SYSTEM = Author(kind=AuthorKind.SYSTEM)


def tell(
    desk: Desk, place: Place, item: MessageReceived, way: Way, case: Case, expected: Expected | None, emergency: bool
) -> None:
    """Answers at once with the inbox's text, where there is one for it. `expected` where the wait begins."""
    found = _occasion(desk, place, case, expected, emergency)
    if found is None or not _may(desk, place, way):
        return
    occasion, at = found
    contact = contact_of(desk.transaction, way.contact.id)
    writes = item.author or item.peer.person
    said = wording(place.inbox, occasion, (writes.locale, contact.locale if contact else None))
    if said is None:
        return
    text = filled(said, at, _zone(place, contact))
    desk.cases.note(case, told_at=desk.transaction.now_us)
    _send(desk, place, way, case, text, None if emergency else to_us(at))


def _occasion(
    desk: Desk, place: Place, case: Case, expected: Expected | None, emergency: bool
) -> tuple[Occasion, datetime] | None:
    """What there is to say, and the moment it names."""
    inbox, now = place.inbox, desk.transaction.now
    if emergency and Occasion.EMERGENCY in inbox.texts:
        assert case.reply_due_at is not None
        return Occasion.EMERGENCY, from_us(case.reply_due_at)
    if case.told_at is not None and _day(place, from_us(case.told_at)) == _day(place, now):
        return None
    opens_at = next_opening(hours_of(inbox, place.channel), now)
    if Occasion.CLOSED in inbox.texts and opens_at is not None and opens_at > now:
        return Occasion.CLOSED, opens_at
    if Occasion.EXPECTED in inbox.texts and expected is not None:
        return Occasion.EXPECTED, expected.at
    return None


def _may(desk: Desk, place: Place, way: Way) -> bool:
    """Whether the customer may be written to there, by the rules of any message."""
    wish = Wish(route_id=way.id, purpose=Purpose.AUTO, private=way.visibility == Visibility.PRIVATE)
    chosen = choose(wish, facts_of(desk.transaction, [way], Purpose.AUTO, [place.connector_id]), desk.transaction.now)
    if not isinstance(chosen, Chosen):
        log.info("an automatic text was not sent", connector=place.connector_id, route=way.id, code=chosen.code)
    return isinstance(chosen, Chosen)


def _send(desk: Desk, place: Place, way: Way, case: Case, text: str, until: int | None) -> None:
    """An ordinary message and its delivery. After `until` it would no longer be true, so it does not leave then."""
    now = desk.transaction.now
    message = Message(
        id=new_id(),
        conversation_id=case.id,
        sequence=desk.cases.advance(case),
        direction=Direction.OUT,
        author=SYSTEM,
        route_id=way.id,
        purpose=Purpose.AUTO,
        text=text,
        occurred_at=now,
        received_at=now,
        recorded_at=now,
        auto=True,
    )
    desk.append(case, message, "message.created", place=place, way=way, contact=way.contact)
    rank = PRIORITY_RANK[Priority(case.priority)]
    queue(desk.transaction, message, way.id, way.connector_id, Plan(why=WHY), rank=rank, expires_at=until)


def _day(place: Place, at: datetime) -> object:
    return at.astimezone(zone_of(place.inbox)).date()


def _zone(place: Place, contact: Contact | None) -> tzinfo:
    """Where the customer is, if that is known; else where the inbox is."""
    named = contact.timezone if contact else None
    return (zone_named(named) if named else None) or zone_of(place.inbox)
