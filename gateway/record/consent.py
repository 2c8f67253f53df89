"""Who lets us in and who shuts us out: a word on a route, kept with the contact."""

import msgspec

from gateway.arrival import Arrival, Place
from gateway.ids import new_id
from gateway.people.proof import prove
from gateway.record.changes import move_identity
from gateway.record.contacts import contact_of, tell_contact
from gateway.record.desk import Desk
from gateway.record.people import People, Way
from gateway.send.pieces import read_token
from gateway.store.transaction import Transaction
from normalizer.codec import decoder, encode
from normalizer.events import ConsentData
from normalizer.inbound import ConsentChanged, Peer
from normalizer.model import Consent, ConsentState, Contact

_contact = decoder(Contact)
_WENT_BY = (
    "SELECT r.id, r.address FROM deliveries d JOIN routes r ON r.id = d.route_id WHERE d.id = ? AND d.connector_id = ?"
)


def change_consent(desk: Desk, arrival: Arrival, item: ConsentChanged) -> None:
    """The peer shut us out of the route, or let us in again; whoever is let in by a signed-in user is theirs."""
    people = desk.crowd[arrival.place]
    way = _meant(desk, arrival.place, people, item)
    if item.peer is not None and item.state == ConsentState.OPTED_IN and (item.peer.claims or item.peer.contact_ref):
        way = _of_whom(desk, arrival.place, people, way, item.peer)
        prove(desk, arrival.place, way, item.peer)
    if item.only_here:
        _set(people, way, item)
        return
    consent = Consent(
        channel=way.channel, purpose=item.purpose, state=item.state, source=item.source, at=item.occurred_at
    )
    kept = change_consent_of(desk.transaction, arrival.place, way.contact.id, way.id, consent)
    if kept and item.purpose is None:  # else only what has that purpose stays away
        _set(people, way, item)


def _set(people: People, way: Way, item: ConsentChanged) -> None:
    way.blocked = item.state == ConsentState.OPTED_OUT
    people.touch(way)


def _of_whom(desk: Desk, place: Place, people: People, way: Way, peer: Peer) -> Way:
    """The route, which is the peer's from now on. A device that another of the app's users had before is not theirs any
    more: their history stays theirs, under an address nobody is at, and nothing of it goes to the device."""
    desk.transaction.flush()
    contact = contact_of(desk.transaction, way.contact.id)
    if contact is None or peer.contact_ref is None or contact.external_id in (None, peer.contact_ref):
        return way
    address = peer.person.address
    left = move_identity(desk.transaction, place, address.scheme, address.value, f"{address.value}#{new_id()}")
    if left is None:
        return way
    people.moved(left, address.value)
    way.blocked = True
    people.touch(way)
    theirs, new = people.way(peer)
    if new:
        people.add(theirs)
    return theirs


def _meant(desk: Desk, place: Place, people: People, item: ConsentChanged) -> Way:
    """The route a word on consent is about. Raises LookupError for a token of nothing where nobody is named either."""
    found = read_token(item.token) if item.token else None
    row = desk.transaction.row(_WENT_BY, found[0], place.connector_id) if found else None
    if row:
        people.load([row[1]])
        if way := people.by_id(row[0]):
            return way
    if item.peer is None:
        raise LookupError("the word on consent is about no message that was sent")
    way, new = people.way(item.peer)
    if new:
        people.add(way)
    return way


def change_consent_of(transaction: Transaction, place: Place, contact_id: str, route_id: str, consent: Consent) -> bool:
    """Keeps a contact's word and says so; False for one told late, after a newer."""
    transaction.be_alone()
    if not _keep_consent(transaction, contact_id, consent):
        return False
    data = ConsentData(contact_id=contact_id, route_id=route_id, consent=consent)
    tell_contact(transaction, place, "consent.changed", contact_id, data)
    return True


def _keep_consent(transaction: Transaction, contact_id: str, consent: Consent) -> bool:
    """The newest word per channel and purpose stands in the contact."""
    transaction.flush()
    row = transaction.row("SELECT body FROM contacts WHERE id = ?", contact_id)
    assert row is not None
    contact = _contact.decode(row[0])
    others = tuple(old for old in contact.consent if (old.channel, old.purpose) != (consent.channel, consent.purpose))
    if any(old.at > consent.at for old in contact.consent if old not in others):
        return False
    contact = msgspec.structs.replace(contact, consent=(*others, consent))
    transaction.change("UPDATE contacts SET body = ? WHERE id = ?", encode(contact), contact_id)
    return True
