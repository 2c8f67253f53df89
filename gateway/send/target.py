"""To whom a command goes: its conversation, and the route its message leaves on."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from gateway.live import LiveConnector
from gateway.people.joining import led_on, standing_ways
from gateway.record.cases import Case
from gateway.record.contacts import ROOT
from gateway.record.desk import Desk
from gateway.record.people import SELECT_WAY, Way, way_of
from gateway.send.asks import Ask, Refusal
from gateway.send.pausing import State
from gateway.store.histories import both
from gateway.store.times import from_us
from gateway.store.transaction import Transaction, listed
from normalizer.addresses import InvalidAddress, normalise
from normalizer.codec import decoder
from normalizer.commands import Recipient
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, Peer, Person
from normalizer.model import (
    ConsentState,
    Contact,
    ConversationKind,
    ConversationState,
    Direction,
    Message,
    Proof,
    Purpose,
    Visibility,
)
from normalizer.parts import TemplatePart
from normalizer.reply_channel import Chosen, NoRoute, RouteFacts, Wish, choose

_contact = decoder(Contact)


@dataclass(frozen=True)
class Target:
    """Where a message goes. A note has neither way nor connector."""

    case: Case
    way: Way | None
    connector: LiveConnector | None
    why: str


def aim(desk: Desk, ask: Ask) -> Target:
    """Chooses conversation and route. Raises Refusal, before anything is written."""
    command = ask.command
    answered = _answered(desk, command.reply_to) if command.reply_to is not None else None
    case = _case(desk, command.conversation_id) if command.conversation_id else None
    if case and command.direction == Direction.NOTE:
        return Target(case, None, None, "a note leaves on no route")
    if command.to:
        way, new, connector = _addressed(desk, ask, command.to)
        _choose(desk, ask, [way], answered)
        return Target(_open(desk, connector, way, new, None), way, connector, "named address")
    ways = ways_of(desk.transaction, case) if case else _ways_to(desk.transaction, command.contact_id or "")
    if case:
        ways = [way for way in ways if _inbox_of(ask, way) in (None, case.inbox_id)]
    chosen = _choose(desk, ask, ways, answered)
    way = next(way for way in ways if way.id == chosen.route_id)
    connector = ask.connectors[way.connector_id]
    return Target(_open(desk, connector, way, False, case), way, connector, chosen.why)


def _case(desk: Desk, conversation_id: str) -> Case:
    try:
        return desk.cases.standing(conversation_id)
    except KeyError:
        raise Refusal(404, "not_found", f"there is no conversation {conversation_id}") from None


def _answered(desk: Desk, message_id: str) -> Message:
    try:
        return desk.message(message_id)
    except KeyError:
        raise Refusal(422, "invalid_reference", f"reply_to: there is no message {message_id}") from None


_USED = both(
    "SELECT m.route_id FROM {history} h JOIN events e ON e.position = h.position JOIN messages m ON m.id = e.subject"
    " WHERE h.conversation = ?1"
)


def ways_of(transaction: Transaction, case: Case) -> list[Way]:
    """The routes a conversation runs on: its own, its contact's in the same inbox, else those of its messages."""
    where = "r.conversation_id = ?"
    rows = transaction.rows(f"{SELECT_WAY} WHERE {where}", case.id)
    if case.contact_id:
        rows += transaction.rows(f"{SELECT_WAY} WHERE i.contact_id = {ROOT}", case.contact_id)
    if not rows:
        rows = transaction.rows(f"{SELECT_WAY} WHERE r.id IN ({_USED})", case.number)
    return standing_ways(transaction, list({row[0]: way_of(row) for row in rows}.values()))


def _ways_to(transaction: Transaction, contact_id: str) -> list[Way]:
    if transaction.row("SELECT 1 FROM contacts WHERE id = ?", contact_id) is None:
        raise Refusal(404, "not_found", f"there is no contact {contact_id}")
    sql = f"{SELECT_WAY} WHERE i.contact_id = {ROOT} AND r.kind = ?2"
    return standing_ways(transaction, list(map(way_of, transaction.rows(sql, contact_id, ConversationKind.PERSONAL))))


def _addressed(desk: Desk, ask: Ask, to: Recipient) -> tuple[Way, bool, LiveConnector]:
    connector = ask.connectors.get(to.connector)
    if connector is None:
        raise Refusal(422, ErrorCode.NO_ROUTE, f"there is no connector {to.connector!r}")
    place = connector.place
    try:
        value = normalise(place.scheme, to.address)
    except InvalidAddress as error:
        raise Refusal(422, ErrorCode.INVALID_ADDRESS, f"to.address: {error}") from error
    people = desk.crowd[place]
    people.load([value])
    if standing := people.at(value):
        return standing_ways(desk.transaction, [standing])[0], False, connector
    if not connector.plugin.info.capability.initiates:
        detail = f"nobody at {value!r} has written to {to.connector}; on this channel they write first"
        raise Refusal(422, ErrorCode.NO_ROUTE, detail)
    # whoever answers from the address proves it by doing so: the same identity as theirs will be
    person = Person(address=Address(scheme=place.scheme, value=value))
    way, new = people.way(Peer(person=person, proof=Proof.CHANNEL))
    return way, new, connector


def _inbox_of(ask: Ask, way: Way) -> str | None:
    connector = ask.connectors.get(way.connector_id)
    return connector.place.inbox.id if connector else None


def _open(desk: Desk, connector: LiveConnector, way: Way, new: bool, case: Case | None) -> Case:
    """The conversation, open: the named one unless another took its place meanwhile."""
    if case is not None and case.state != ConversationState.CLOSED:
        return case
    if case is not None and desk.cases.shared(case.sharing_key) is None:
        desk.cases.change(case, "answered after closing", state=ConversationState.OPEN, closed_at=None)
        return case
    return desk.case_of(connector.place, desk.crowd[connector.place], way, new, None)


def _choose(desk: Desk, ask: Ask, ways: Sequence[Way], answered: Message | None) -> Chosen:
    command = ask.command
    named = [command.route_id, answered.route_id if answered else None]
    led = led_on(desk.transaction, filter(None, named))
    named_id, answered_id = (id_ and led.get(id_, id_) for id_ in named)
    wish = Wish(
        route_id=named_id,
        channel=command.channel,
        reply_to_route_id=answered_id,
        purpose=command.purpose,
        private=any(way.visibility == Visibility.PRIVATE for way in ways),
        has_template=any(isinstance(part, TemplatePart) for part in command.parts),
    )
    chosen = choose_among(desk.transaction, wish, ways, list(ask.connectors))
    if not isinstance(chosen, Chosen):
        raise Refusal(422, chosen.code, chosen.detail)
    return chosen


def choose_among(transaction: Transaction, wish: Wish, ways: Sequence[Way], order: Sequence[str]) -> Chosen | NoRoute:
    """The route to use. A connector that is down is passed over, but where nothing else can be used its queue is:
    what waits there leaves when it is up again. `order` names the configured connectors, the first choice first."""
    facts = facts_of(transaction, ways, wish.purpose, order)
    if len(facts) == 1:
        return choose(wish, facts, transaction.now)
    down = {connector for (connector,) in transaction.rows(_DOWN)}
    well = [msgspec.structs.replace(one, healthy=one.healthy and one.connector_id not in down) for one in facts]
    chosen = choose(wish, well, transaction.now)
    if isinstance(chosen, Chosen) or well == facts:
        return chosen
    waiting = choose(wish, facts, transaction.now)
    if isinstance(waiting, Chosen):
        return msgspec.structs.replace(waiting, why=f"{waiting.why}, though its connector is down")
    return chosen


_DOWN = f"SELECT connector_id FROM lanes WHERE state = '{State.DOWN}'"


def facts_of(transaction: Transaction, ways: Sequence[Way], purpose: Purpose, order: Sequence[str]) -> list[RouteFacts]:
    """What the choice of a route asks of each; `healthy` is what is configured."""
    ids = listed({way.contact.id for way in ways})
    rows = transaction.rows("SELECT id, body FROM contacts WHERE id IN (SELECT value FROM json_each(?))", ids)
    contacts = {id_: _contact.decode(body) for id_, body in rows}
    return [_fact(way, contacts.get(way.contact.id), purpose, order) for way in ways]


def _fact(way: Way, contact: Contact | None, purpose: Purpose, order: Sequence[str]) -> RouteFacts:
    route = way.model()
    preferred = contact.preferred_channels if contact else ()
    return RouteFacts(
        id=way.id,
        connector_id=way.connector_id,
        channel=way.channel,
        last_inbound_at=None if way.last_inbound_at is None else from_us(way.last_inbound_at),
        blocked=route.blocked,
        healthy=way.connector_id in order,
        consent=_consent(contact, way.channel, purpose),
        window_until=route.window_until,
        visibility=route.visibility,
        preference_rank=preferred.index(way.channel) if way.channel in preferred else None,
        inbox_rank=order.index(way.connector_id) if way.connector_id in order else len(order),
    )


def _consent(contact: Contact | None, channel: str, purpose: Purpose) -> ConsentState | None:
    """The word on this purpose, else on every purpose; of a channel."""
    given = (
        {consent.purpose: consent.state for consent in contact.consent if consent.channel == channel} if contact else {}
    )
    return given.get(purpose, given.get(None))
