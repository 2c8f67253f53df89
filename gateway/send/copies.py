"""Who else gets an answer: those whom the message answered was from or addressed to, where the command asks for it.

Each gets it by a delivery of their own, with what they have seen already for its thread: the subject and the id of the
message that named them, and nothing of the rest of the conversation.
"""

from dataclasses import dataclass

from gateway.people.participants import enter
from gateway.record.desk import Desk
from gateway.record.people import Way
from gateway.send.asks import Ask
from gateway.send.newest import newest
from gateway.send.target import Target, choose_among
from normalizer.inbound import Address, Peer, Person
from normalizer.model import Direction, Message, Proof
from normalizer.participants import Copied
from normalizer.reply_channel import Chosen, Wish


@dataclass(frozen=True)
class Copies:
    """`answered` is the message that names them; None where nobody is copied."""

    answered: Message | None = None
    ways: tuple[Way, ...] = ()
    people: tuple[Copied, ...] = ()


NOBODY = Copies()


def copies_of(desk: Desk, ask: Ask, target: Target) -> Copies:
    """Those who get a message too, but for whoever must not be written to there."""
    if ask.command.copy == "none" or target.way is None:
        return NOBODY
    answered = _answered(desk, ask, target)
    if answered is None:
        return NOBODY
    found = [(one, way) for one in _wanted(desk, answered, target.way) if (way := _way(desk, ask, target, one))]
    if not found:
        return NOBODY
    return Copies(answered, tuple(way for _, way in found), tuple(one for one, _ in found))


def _answered(desk: Desk, ask: Ask, target: Target) -> Message | None:
    """The message a command answers: the one it names, else the customer's newest on the same connector."""
    assert target.connector is not None
    if ask.command.reply_to is not None:
        named = desk.message(ask.command.reply_to)
        way = desk.way(named.route_id)
        here = desk.cases.standing(named.conversation_id) is target.case
        return named if here and way is not None and way.connector_id == target.connector.id else None
    found = newest(desk.transaction, target.case.id, target.connector.id)
    return desk.message(found[0]) if found else None


def _wanted(desk: Desk, answered: Message, to: Way) -> list[Copied]:
    """Everybody on that message but its recipient."""
    people = list(answered.copied)
    writer = desk.way(answered.route_id)
    if answered.direction == Direction.IN and writer is not None:
        people.insert(0, Copied(identity_id=writer.identity_id, address=writer.address, name=writer.contact.name))
    return list({one.address: one for one in people if one.address != to.address}.values())


def _way(desk: Desk, ask: Ask, target: Target, one: Copied) -> Way | None:
    connector = target.connector
    assert connector is not None
    people = desk.crowd[connector.place]
    people.load([one.address])
    person = Person(address=Address(scheme=connector.place.scheme, value=one.address), name=one.name)
    way, new = people.way(Peer(person=person, proof=Proof.CHANNEL))
    wish = Wish(route_id=way.id, purpose=ask.command.purpose, private=True)
    if not isinstance(choose_among(desk.transaction, wish, [way], [connector.id]), Chosen):
        return None
    if new:
        enter(desk, connector.place, target.case, way)
    return way
