"""People in copy: who was named beside us, who of them may write in another's conversation, and who is told of them.

Being named proves nothing, and shows nothing. Who was named on a message of the conversation, proves the address,
refers to that message and names the customer too writes in the customer's conversation; everybody else in one of their
own. A route of theirs stays out of it: what they write next, to nobody else's knowledge, is theirs alone.
"""

from collections.abc import Iterator, Sequence

from gateway.arrival import Place
from gateway.record.cases import Case
from gateway.record.contacts import contact_ref, root_of
from gateway.record.desk import Desk
from gateway.record.people import Way
from gateway.record.threads import named_ids
from gateway.send.pieces import read_token
from gateway.store.times import from_us
from gateway.store.transaction import Transaction
from normalizer.events import ConversationData, Participant, RouteData
from normalizer.identity import proven
from normalizer.inbound import MessageReceived
from normalizer.model import ConversationKind, ConversationState, Message, Proof
from normalizer.participants import ROLE_RANK, Copied, Role

MOST = 20
"""Of those whom one message names."""
WHY = "somebody else takes part"
SELECT_PARTICIPANT = (
    "SELECT p.identity_id, c.body, i.scheme, i.value, p.role, p.since FROM participants p"
    " JOIN identities i ON i.id = p.identity_id JOIN contacts c ON c.id = i.contact_id"
    " WHERE p.conversation_id = ? ORDER BY p.since, p.identity_id"
)
_KEEP = (
    "INSERT INTO participants (conversation_id, identity_id, role, since) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (conversation_id, identity_id) DO UPDATE SET role = excluded.role"
)
_CARRIED = "SELECT message_id FROM deliveries WHERE id = ? AND connector_id = ?"


def named(desk: Desk, place: Place, item: MessageReceived) -> tuple[Copied, ...]:
    """Whom a message was addressed to as well, each as the identity they will be once they prove the address."""
    if item.auto:
        return ()
    people = [(person, desk.crowd[place].someone(person, Proof.CHANNEL)) for person in item.copied[:MOST]]
    return tuple(
        Copied(identity_id=one.identity.id, address=one.identity.value, name=person.name) for person, one in people
    )


def led_to(
    desk: Desk, place: Place, item: MessageReceived, way: Way, copied: Sequence[Copied], new: bool
) -> Case | None:
    """The conversation of somebody else that the sender may write in; None where the ordinary rules hold. A `new` route
    is kept, where it leads anywhere."""
    trusted = proven(item.peer.proof) and proven(item.trust or item.peer.proof)
    if item.from_us or item.auto or not trusted or way.kind != ConversationKind.PERSONAL:
        return None
    for message_id in _referred(desk, place, item):
        message = desk.message(message_id)
        case = desk.cases.standing(message.conversation_id)
        customer = root_of(desk.transaction, case.contact_id) if case.contact_id else None
        if customer is None or customer == way.contact.id:
            return None
        was_named = any(one.identity_id == way.identity_id for one in message.copied)
        if was_named and case.state != ConversationState.CLOSED and _names(desk, copied, customer):
            if new:
                enter(desk, place, case, way)
            return case
    return None


def enter(desk: Desk, place: Place, case: Case, way: Way) -> None:
    """Keeps a new route of somebody who takes part; it is no route of the conversation."""
    desk.crowd[place].add(way)
    data = RouteData(route=way.model())
    desk.cases.emit(case, "route.added", data, way.id, desk.cases.advance(case), place)


def note(desk: Desk, place: Place, case: Case, way: Way, message: Message) -> None:
    """After the message: who takes part from now on, and an event where that is new."""
    transaction = desk.transaction
    transaction.flush()
    known = {one.identity_id: one.role for one in participants(transaction, case.id)}
    wanted = dict.fromkeys((one.identity_id for one in message.copied), Role.COPIED)
    customer = root_of(transaction, case.contact_id) if case.contact_id else None
    if way.contact.id != customer:
        wanted[way.identity_id] = Role.WROTE
    fresh = {
        id_: role
        for id_, role in wanted.items()
        if _contact_id(transaction, id_) != customer and (id_ not in known or ROLE_RANK[role] > ROLE_RANK[known[id_]])
    }
    for id_, role in fresh.items():
        transaction.change(_KEEP, case.id, id_, role, transaction.now_us)
    if fresh:
        transaction.flush()
        sequence = desk.cases.advance(case)
        data = ConversationData(conversation=case.model(), why=WHY, participants=participants(transaction, case.id))
        desk.cases.emit(case, "conversation.updated", data, case.id, sequence, place)


def participants(transaction: Transaction, conversation_id: str) -> tuple[Participant, ...]:
    """Who takes part beside the customer, as committed or flushed; who did so first, first."""
    return tuple(participant_of(*row) for row in transaction.rows(SELECT_PARTICIPANT, conversation_id))


def participant_of(identity_id: str, contact: bytes, scheme: str, address: str, role: str, since: int) -> Participant:
    """Of a row of SELECT_PARTICIPANT."""
    return Participant(
        identity_id=identity_id,
        contact=contact_ref.decode(contact),
        scheme=scheme,
        address=address,
        role=Role(role),
        since=from_us(since),
    )


def _referred(desk: Desk, place: Place, item: MessageReceived) -> Iterator[str]:
    """The messages an item refers to: ours whose reply address it came to, then the nearest first."""
    token = read_token(item.reply_token) if item.reply_token else None
    row = desk.transaction.row(_CARRIED, token[0], place.connector_id) if token else None
    if row:
        yield row[0]
    for name in named_ids(item):
        if known := desk.known(place, name):
            yield known.message_id


def _names(desk: Desk, copied: Sequence[Copied], contact_id: str) -> bool:
    """Whether a message names the customer too: what is kept from them stands in no conversation of theirs."""
    desk.transaction.flush()
    return any(_contact_id(desk.transaction, one.identity_id) == contact_id for one in copied)


def _contact_id(transaction: Transaction, identity_id: str) -> str | None:
    row = transaction.row("SELECT contact_id FROM identities WHERE id = ?", identity_id)
    return row[0] if row else None
