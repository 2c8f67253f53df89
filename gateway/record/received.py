"""A message received: who, where, and then into the history."""

from gateway.arrival import Arrival, Place
from gateway.ids import new_id
from gateway.people import participants
from gateway.people.proof import prove
from gateway.people.verifying import without_code
from gateway.record.cases import Case
from gateway.record.desk import Desk, Known
from gateway.record.people import People, Way
from gateway.record.threads import thread_of
from gateway.service.hearing import heard, triage
from gateway.store.times import SECOND, to_us
from normalizer.codec import decoder
from normalizer.inbound import MessageReceived
from normalizer.model import Author, AuthorKind, ContactRef, Direction, Message, Time, Value
from normalizer.numbered import chosen
from normalizer.parts import Action, ChoicePart, OriginalPart, Part


class Numbered(Value, frozen=True, kw_only=True):
    """Actions offered as numbered text on a route, as `routes.numbered` keeps them."""

    actions: tuple[Action, ...]
    until: Time
    """A number written later is no choice of them."""


_numbered = decoder(Numbered)


def receive_message(
    desk: Desk, arrival: Arrival, item: MessageReceived, external_ids: tuple[str, ...] | None = None
) -> str:
    """Appends the message to the conversation it belongs to; its id."""
    place = arrival.place
    if item.from_us and (echo := desk.known(place, item.external_id)):
        return echo.message_id  # the provider tells us what we sent ourselves
    people = desk.crowd[place]
    way, new = people.way(item.peer)
    if item.peer.claims or item.peer.contact_ref:
        prove(desk, place, way, item.peer)
    item = without_code(desk, way, item)
    quoted = desk.known(place, item.reply_to)
    if not item.from_us:
        _heard(people, way, to_us(item.occurred_at), place.window_on(way.visibility))
    copied = participants.named(desk, place, item) if item.copied else ()
    elsewhere = participants.led_to(desk, place, item, way, copied, new) if copied else None
    case = elsewhere or _own(desk, place, item, way, new, quoted)
    raised = triage(desk, place, item, way, case, new)
    author, contact = _author(desk, arrival, item, way)
    message_id = new_id()
    message = Message(
        id=message_id,
        conversation_id=case.id,
        sequence=desk.cases.advance(case),
        direction=Direction.OUT if item.from_us else Direction.IN,
        author=author,
        route_id=way.id,
        purpose=item.purpose,
        subject=item.subject,
        copied=copied,
        text=item.text,
        parts=_answered(people, item, way, quoted) + desk.attach(place, message_id, item.media),
        reply_to=quoted.message_id if quoted else None,
        occurred_at=item.occurred_at,
        received_at=arrival.raw.received_at,
        recorded_at=desk.transaction.now,
        external_ids=external_ids or (item.external_id,),
        auto=item.auto,
        trust=item.trust or item.peer.proof,
        context=item.context,
    )
    type_ = "message.created" if item.from_us else "message.received"
    desk.append(case, message, type_, place=place, way=way, contact=contact, key=item.key)
    if copied:
        participants.note(desk, place, case, way, message)
    heard(desk, arrival, item, way, case, message, raised)
    return message_id


def _own(desk: Desk, place: Place, item: MessageReceived, way: Way, new: bool, quoted: Known | None) -> Case:
    """The conversation of whoever is at the route's end that the message belongs to."""
    thread = thread_of(desk, place, item, quoted) if item.reply_token or item.references else None
    case = desk.case_of(place, desk.crowd[place], way, new, quoted, thread, item.subject)
    if item.subject and case.subject is None:
        desk.cases.change(case, "subject of the message", subject=item.subject)
    return case


def _author(desk: Desk, arrival: Arrival, item: MessageReceived, way: Way) -> tuple[Author, ContactRef]:
    if item.from_us:
        return Author(kind=AuthorKind.AGENT, name=item.author.name if item.author else None), way.contact
    if item.author is None:
        return Author(kind=AuthorKind.CONTACT, ref=way.contact.id, name=way.contact.name), way.contact
    contact = desk.crowd[arrival.place].someone(item.author, item.peer.proof).contact
    return Author(kind=AuthorKind.CONTACT, ref=contact.id, name=contact.name), contact


def _heard(people: People, way: Way, occurred_at: int, window: int | None) -> None:
    if way.last_inbound_at is None or occurred_at > way.last_inbound_at:
        way.last_inbound_at = occurred_at
        way.window_until = None if window is None else occurred_at + window * SECOND
        people.touch(way)


def _answered(people: People, item: MessageReceived, way: Way, quoted: Known | None) -> tuple[Part, ...]:
    """The message's parts; "2" after numbered text reads as the choice it is."""
    if item.from_us:
        return item.parts
    if way.numbered and all(isinstance(part, OriginalPart) for part in item.parts):
        numbered = _numbered.decode(way.numbered)
        choice = chosen(item.text, numbered.actions)
        if choice and item.occurred_at <= numbered.until:
            way.numbered = None
            people.touch(way)
            return (choice, *item.parts)
    return tuple(
        ChoicePart(value=part.value, label=part.label, message_id=quoted.message_id)
        if isinstance(part, ChoicePart) and quoted
        else part
        for part in item.parts
    )
