"""What a signed-in user's message proves: further addresses of theirs, and who they are to the app."""

import msgspec
import structlog

from gateway.arrival import Place
from gateway.ids import new_id
from gateway.people.merge import Unmergeable, merge
from gateway.record.contacts import contact_of, identity_at, reference, tell_contact
from gateway.record.desk import Desk
from gateway.record.people import Way
from gateway.store import schema
from gateway.store.transaction import Transaction
from normalizer.codec import encode
from normalizer.events import ContactData
from normalizer.identity import proven
from normalizer.inbound import Peer
from normalizer.model import Identity
from normalizer.proving import Join, Make, Raise, consequence, counted, scope_claimed

log = structlog.get_logger()
_HOME = "SELECT coalesce(home_id, contact_id) FROM identities WHERE id = ?"
_RAISE = "UPDATE identities SET proof = ? WHERE id = ?"
_BODY = "UPDATE contacts SET body = ? WHERE id = ?"


def prove(desk: Desk, place: Place, way: Way, peer: Peer) -> None:
    """Raises, makes and joins what the peer's claims prove to be the sender's; what they proved before costs nothing.

    The route in hand leads to whom it belongs afterwards.
    """
    claims = counted(peer)
    said = (way.identity_id, claims, peer.contact_ref)
    if not proven(peer.proof) or desk.transaction.memory.get("proven", said):
        return
    if peer.contact_ref is not None:
        _know_as(desk.transaction, place, way, peer.contact_ref)
    for claim in claims:
        desk.transaction.flush()
        scope = scope_claimed(claim, place.connector_id)
        found = identity_at(desk.transaction, claim.scheme, scope, claim.value)
        match consequence(way.contact.id, claim, scope, found.identity if found else None):
            case Make() as made:
                make_identity(desk, place, way, made)
            case Raise(identity=identity):
                raise_identity(desk, place, way, identity)
            case Join(contact_id=contact_id, why=why):
                _join(desk, place, way, contact_id, why)
            case None:
                pass
    desk.transaction.memory.keep("proven", said, True)


def make_identity(desk: Desk, place: Place | None, way: Way, made: Make) -> None:
    """A new identity of the route's contact, at home where the route's own is."""
    transaction = desk.transaction
    transaction.be_alone()
    transaction.flush()
    row = transaction.row(_HOME, way.identity_id)
    home = row[0] if row and row[0] != way.contact.id else None
    identity = Identity(
        id=new_id(),
        contact_id=way.contact.id,
        scheme=made.scheme,
        value=made.value,
        scope=made.scope,
        proof=made.proof,
    )
    values = (identity.id, identity.contact_id, identity.scheme, identity.value, identity.scope, identity.proof, home)
    transaction.insert(schema.identities, *values)
    desk.crowd.forget(identity)
    tell_contact(transaction, place, "contact.updated", way.contact.id, _changed(way, identity))


def raise_identity(desk: Desk, place: Place | None, way: Way, identity: Identity) -> None:
    """An identity of the route's contact is better proven from now on."""
    desk.transaction.be_alone()
    desk.transaction.change(_RAISE, identity.proof, identity.id)
    desk.crowd.forget(identity)
    tell_contact(desk.transaction, place, "contact.updated", way.contact.id, _changed(way, identity))


def _changed(way: Way, *identities: Identity) -> ContactData:
    return ContactData(contact=way.contact, identities=identities)


def _know_as(transaction: Transaction, place: Place, way: Way, external_id: str) -> None:
    """The app's own id of a contact that has none yet."""
    transaction.flush()
    contact = contact_of(transaction, way.contact.id)
    if contact is None or contact.external_id is not None:
        return
    transaction.be_alone()
    contact = msgspec.structs.replace(contact, external_id=external_id)
    transaction.change(_BODY, encode(contact), contact.id)
    tell_contact(transaction, place, "contact.updated", contact.id, ContactData(contact=reference(contact)))


def _join(desk: Desk, place: Place, way: Way, contact_id: str, why: str) -> None:
    try:
        merge(desk, way.contact.id, contact_id, why, place)
    except Unmergeable as reason:
        log.warning("contacts stay apart", connector=place.connector_id, contact=way.contact.id, reason=str(reason))
