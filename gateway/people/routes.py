"""One address changes hands: taken from a contact, or given to another, by an operator's word.

The history stays with whom it was written to; whoever has the address from now on begins another.
"""

import msgspec

from gateway.ids import new_id
from gateway.people.merge import give, merge, settle
from gateway.record.contacts import contact_of, held_by, reference, root_of, tell_contact
from gateway.record.desk import Desk
from gateway.record.people import SELECT_WAY, Way, way_of
from gateway.send.asks import Refusal
from gateway.store import schema
from normalizer.belonging import sharing_key
from normalizer.codec import encode
from normalizer.events import ContactData, RouteData
from normalizer.merging import Held
from normalizer.model import Contact, ConversationKind, ConversationState, Identity, Proof, Sharing

_FREE = "UPDATE routes SET conversation_id = NULL WHERE identity_id = ?"


def unlink(desk: Desk, route_id: str, why: str) -> Contact:
    """Takes the address of a route from its contact; the new contact that has it then.

    Raises KeyError for an id that is no route's, Refusal (409, 422).
    """
    transaction = desk.transaction
    settle(desk)
    way, held = _address(desk, route_id)
    if len(held_by(transaction, way.contact.id)) == 1:
        raise Refusal(409, "conflict", "it is the contact's only address")
    before = contact_of(transaction, way.contact.id)
    assert before is not None
    contact = Contact(id=new_id())
    transaction.insert(schema.contacts, contact.id, encode(contact), None)
    now = transaction.now_us
    # what is proven later does not join the two again
    transaction.insert(schema.merges, new_id(), before.id, contact.id, b"", b"", "[]", why, now, now)
    identity = msgspec.structs.replace(held.identity, contact_id=contact.id, proof=_at_most_channel(held.identity))
    _hand_over(desk, way, identity, why)
    _tell(desk, "contact.created", contact, identity)
    _tell(desk, "contact.updated", before)
    settle(desk)
    return contact


def link(desk: Desk, route_id: str, contact_id: str, why: str) -> Contact:
    """Gives the address of a route to a contact; that contact. Somebody of no other address becomes one with them.

    What is theirs already stays. Raises KeyError, Refusal (422), Unmergeable.
    """
    transaction = desk.transaction
    settle(desk)
    way, held = _address(desk, route_id)
    contact = contact_of(transaction, root_of(transaction, contact_id) or "")
    if contact is None:
        raise KeyError(contact_id)
    if contact.id == way.contact.id:
        return contact
    before = contact_of(transaction, way.contact.id)
    assert before is not None
    if len(held_by(transaction, before.id)) == 1:
        return merge(desk, contact.id, before.id, why, vouched=True)
    identity = msgspec.structs.replace(held.identity, contact_id=contact.id, proof=Proof.VERIFIED)
    _hand_over(desk, way, identity, why)
    _tell(desk, "contact.updated", contact, identity)
    _tell(desk, "contact.updated", before)
    settle(desk)
    return contact


def _address(desk: Desk, route_id: str) -> tuple[Way, Held]:
    """A route with the identity at its end. Raises KeyError for an id that is no route's."""
    way = desk.way(route_id)
    if way is None:
        raise KeyError(route_id)
    if way.kind != ConversationKind.PERSONAL:
        raise Refusal(422, "invalid_target", "a group is nobody's address")
    held = next(one for one in held_by(desk.transaction, way.contact.id) if one.identity.id == way.identity_id)
    return way, held


def _at_most_channel(identity: Identity) -> Proof:
    """That the channel vouches for the address stands; that it was this contact's does not."""
    return Proof.CHANNEL if identity.proof == Proof.VERIFIED else identity.proof


def _hand_over(desk: Desk, way: Way, identity: Identity, why: str) -> None:
    """The identity is another's. Its routes leave the conversations they ran on; those nobody else shares close."""
    transaction = desk.transaction
    give(transaction, [Held(identity=identity)])
    for row in transaction.rows(f"{SELECT_WAY} WHERE r.identity_id = ?", identity.id):
        route = way_of(row)
        if route.conversation_id is None:
            continue
        case = desk.cases.get(route.conversation_id)
        data = RouteData(route=msgspec.structs.replace(route.model(), conversation_id=None))
        desk.cases.emit(case, "route.closed", data, route.id, desk.cases.advance(case))
        own = {
            sharing_key(sharing, ConversationKind.PERSONAL, case.inbox_id, way.contact.id, identity.id, route.id)
            for sharing in (Sharing.ADDRESS, Sharing.ROUTE)
        }
        if case.sharing_key in own and case.state != ConversationState.CLOSED:
            desk.cases.change(case, why, state=ConversationState.CLOSED, closed_at=transaction.now_us)
    transaction.change(_FREE, identity.id)


def _tell(desk: Desk, type_: str, contact: Contact, *identities: Identity) -> None:
    data = ContactData(contact=reference(contact), identities=identities)
    tell_contact(desk.transaction, None, type_, contact.id, data)
