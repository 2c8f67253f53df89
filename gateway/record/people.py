"""Who is writing: routes, identities and contacts in hand during one transaction.

`normalizer.identity` decides; this looks things up for it and makes what is missing.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.arrival import Place
from gateway.ids import new_id
from gateway.record.contacts import Someone, contact_ref, identity_at, reference, tell_contact
from gateway.store import schema
from gateway.store.times import from_us
from gateway.store.transaction import Transaction, listed
from normalizer.codec import encode
from normalizer.events import ContactData
from normalizer.identity import Known, Stranger, proven, resolve, scope_of
from normalizer.inbound import Peer, Person
from normalizer.merging import Held
from normalizer.model import Contact, ContactRef, Identity, Proof, Route, Visibility

VISIBILITIES: Mapping[str, Visibility] = {str(visibility): visibility for visibility in Visibility}


@dataclass(slots=True, eq=False)
class Way:
    """A row of `routes` with the person at its end."""

    id: str
    connector_id: str
    identity_id: str
    channel: str
    address: str
    thread: str
    kind: str
    visibility: str
    conversation_id: str | None
    last_inbound_at: int | None
    window_until: int | None
    blocked: bool
    numbered: bytes | None
    scope: str
    contact: ContactRef

    def model(self) -> Route:
        return Route(
            id=self.id,
            connector_id=self.connector_id,
            identity_id=self.identity_id,
            channel=self.channel,
            address=self.address,
            remote_thread=self.thread or None,
            visibility=VISIBILITIES[self.visibility],
            conversation_id=self.conversation_id,
            last_inbound_at=None if self.last_inbound_at is None else from_us(self.last_inbound_at),
            window_until=None if self.window_until is None else from_us(self.window_until),
            blocked=bool(self.blocked),
        )


Key = tuple[str, str, str]
SELECT_WAY = (
    "SELECT r.id, r.connector_id, r.identity_id, r.channel, r.address, r.thread, r.kind, r.visibility,"
    " r.conversation_id, r.last_inbound_at, r.window_until, r.blocked, r.numbered, i.scope, c.body"
    " FROM routes r JOIN identities i ON i.id = r.identity_id JOIN contacts c ON c.id = i.contact_id"
)
_HOLD = "SELECT id FROM routes WHERE connector_id = ? AND address IN (SELECT value FROM json_each(?)) ORDER BY id"
_SAVE = "UPDATE routes SET last_inbound_at = ?, window_until = ?, blocked = ?, numbered = ? WHERE id = ?"
_MOVE = "UPDATE routes SET conversation_id = ? WHERE id = ?"


def way_of(row: tuple[Any, ...]) -> Way:
    return Way(*(*row[:-1], contact_ref.decode(row[-1])))


class People:
    """The working set of one place (connector)."""

    def __init__(self, transaction: Transaction, place: Place) -> None:
        self._transaction = transaction
        self._place = place
        self._ways: dict[Key, Way] = {}
        self._known: dict[Key, Someone] = {}
        self._looked_up: set[Key] = set()
        self._changed: set[Way] = set()
        self._moved: set[Way] = set()

    def load(self, addresses: Iterable[str]) -> None:
        """Prefetches the routes to these addresses; those not remembered in one statement."""
        memory, connector_id = self._transaction.memory, self._place.connector_id
        missing = []
        for address in set(addresses):
            ways = memory.get("ways", (connector_id, address))
            if ways is None:
                missing.append(address)
            else:
                self._take(ways)
        if missing:
            sql = f"{SELECT_WAY} WHERE r.connector_id = ? AND r.address IN (SELECT value FROM json_each(?))"
            self._transaction.hold(_HOLD, connector_id, listed(missing))
            found = defaultdict(list)
            for row in self._transaction.rows(sql, connector_id, listed(missing)):
                found[row[4]].append(way_of(row))
            for address, ways in found.items():
                memory.keep("ways", (connector_id, address), ways)
                self._take(ways)

    def _take(self, ways: Iterable[Way]) -> None:
        for way in ways:
            self._ways.setdefault((way.scope, way.address, way.thread), way)  # what is in hand may be newer

    def conversation_ids(self) -> list[str]:
        """The current conversations of the routes in hand."""
        return [way.conversation_id for way in self._ways.values() if way.conversation_id]

    def at(self, address: str) -> Way | None:
        """The route to an address as loaded; the one used last where there are several threads."""
        ways = [way for way in self._ways.values() if way.address == address]
        return max(ways, key=lambda way: way.last_inbound_at or 0, default=None)

    def by_id(self, route_id: str) -> Way | None:
        """A route as loaded."""
        return next((way for way in self._ways.values() if way.id == route_id), None)

    def standing(self, peer: Peer) -> Way | None:
        """The route to a peer who proves to be at its end, if it is one we have, as loaded."""
        if not proven(peer.proof):
            return None
        address = peer.person.address
        scope = scope_of(address.scheme, peer.proof, self._place.connector_id)
        return self._ways.get((scope, address.value, peer.thread or ""))

    def way(self, peer: Peer) -> tuple[Way, bool]:
        """The route to a peer, and whether it is new: then it still wants its conversation and its event."""
        address = peer.person.address
        if proven(peer.proof):
            scope = scope_of(address.scheme, peer.proof, self._place.connector_id)
            if way := self._ways.get((scope, address.value, peer.thread or "")):
                return way, False
        someone = self.someone(peer.person, peer.proof)
        scope = someone.identity.scope
        key = (scope, address.value, peer.thread or "")
        if way := self._ways.get(key):  # of somebody who proves nothing: their own, beside a proven one
            return way, False
        way = Way(
            id=new_id(),
            connector_id=self._place.connector_id,
            identity_id=someone.identity.id,
            channel=self._place.channel,
            address=address.value,
            thread=peer.thread or "",
            kind=peer.kind,
            visibility=peer.visibility,
            conversation_id=None,
            last_inbound_at=None,
            # who never wrote is outside any window
            window_until=None if self._place.window_on(peer.visibility) is None else self._transaction.now_us,
            blocked=False,
            numbered=None,
            scope=scope,
            contact=someone.contact,
        )
        self._ways[key] = way
        return way, True

    def someone(self, person: Person, proof: Proof) -> Someone:
        """The identity of a person, made with a contact of its own where nobody is known there."""
        address = person.address
        scope = scope_of(address.scheme, proof, self._place.connector_id)
        key = (address.scheme, scope, address.value)
        found = self._find(key)
        decided = resolve(person, proof, found.identity if found else None, self._place.connector_id)
        if found and isinstance(decided, Known):
            return found
        assert isinstance(decided, Stranger)
        return self._beside(person, proof, (decided.scheme, decided.scope, decided.value))

    def _beside(self, person: Person, proof: Proof, key: Key) -> Someone:
        return self._find(key) or self._make(person, proof, key)

    def _find(self, key: Key) -> Someone | None:
        if key not in self._known and key not in self._looked_up:
            self._looked_up.add(key)
            if someone := identity_at(self._transaction, *key):
                self._known[key] = someone
        return self._known.get(key)

    def _make(self, person: Person, proof: Proof, key: Key) -> Someone:
        attributes = {"handle": person.handle} if person.handle else {}
        contact = Contact(id=new_id(), name=person.name, locale=person.locale, attributes=attributes)
        identity = Identity(id=new_id(), contact_id=contact.id, scheme=key[0], scope=key[1], value=key[2], proof=proof)
        self._transaction.insert(schema.contacts, contact.id, encode(contact), None)
        self._transaction.insert(
            schema.identities, identity.id, contact.id, identity.scheme, identity.value, identity.scope, proof, None
        )
        shown = reference(contact)
        created = ContactData(contact=shown, identities=(identity,))
        tell_contact(self._transaction, self._place, "contact.created", contact.id, created)
        someone = Someone(identity, shown)
        self._known[key] = someone
        return someone

    def add(self, way: Way) -> None:
        """Keeps a new route, as it is now."""
        self._changed.discard(way)
        self._moved.discard(way)
        self._transaction.memory.forget("ways", (way.connector_id, way.address))
        self._transaction.insert(
            schema.routes,
            way.id,
            way.connector_id,
            way.identity_id,
            way.channel,
            way.address,
            way.thread,
            way.kind,
            way.visibility,
            way.conversation_id,
            way.last_inbound_at,
            way.window_until,
            way.blocked,
            way.numbered,
        )

    def moved(self, identity: Identity, before: str) -> None:
        """An identity goes by another address from now on, and so do its routes in hand."""
        for key, way in list(self._ways.items()):
            if way.identity_id == identity.id:
                del self._ways[key]
                way.address = identity.value
                self._ways[way.scope, way.address, way.thread] = way
        for value in (before, identity.value):
            self.forget((identity.scheme, identity.scope, value))

    def forget(self, key: Key) -> None:
        """Who is at an address is looked up again."""
        self._known.pop(key, None)
        self._looked_up.discard(key)

    def regard(self, contact: ContactRef, moved: Mapping[str, Identity]) -> None:
        """As `Crowd.regard`."""
        for someone in self._known.values():
            someone.identity = moved.get(someone.identity.id, someone.identity)
            if someone.identity.contact_id == contact.id:
                someone.contact = contact
        for way in self._ways.values():
            if way.identity_id in moved or way.contact.id == contact.id:
                way.contact = contact

    def touch(self, way: Way) -> None:
        """Says that a route changed in memory."""
        self._changed.add(way)

    def move(self, way: Way, conversation_id: str) -> None:
        """A route's current conversation; written apart, for it is indexed and rarely changes."""
        way.conversation_id = conversation_id
        self._moved.add(way)

    def save(self) -> None:
        for way in self._changed:
            self._transaction.save(_SAVE, way.last_inbound_at, way.window_until, way.blocked, way.numbered, way.id)
        for way in self._moved:
            self._transaction.save(_MOVE, way.conversation_id, way.id)
        self._changed.clear()
        self._moved.clear()


class Crowd(defaultdict[Place, People]):
    """People by place."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__()
        self._transaction = transaction

    def __missing__(self, place: Place) -> People:
        people = self[place] = People(self._transaction, place)
        return people

    def save(self) -> None:
        for people in self.values():
            people.save()

    def forget(self, identity: Identity) -> None:
        """What was looked up at an identity's address is looked up again."""
        for people in self.values():
            people.forget((identity.scheme, identity.scope, identity.value))

    def regard(self, contact: Contact, moved: Iterable[Held]) -> None:
        """Brings what is in hand up to date with a merge, by which these identities are now the contact's."""
        for people in self.values():
            people.regard(reference(contact), {one.identity.id: one.identity for one in moved})
