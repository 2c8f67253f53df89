"""Contacts as the store keeps them: who became whom, and events about a person."""

from dataclasses import dataclass

import msgspec

from gateway.arrival import Place
from gateway.store.transaction import Transaction
from normalizer.codec import decoder
from normalizer.merging import Held
from normalizer.model import Contact, ContactRef, Identity, Proof, Value

ROOT = (
    "(WITH RECURSIVE up (id, merged_into) AS (SELECT id, merged_into FROM contacts WHERE id = ?1 UNION"
    " SELECT c.id, c.merged_into FROM contacts c JOIN up ON c.id = up.merged_into)"
    " SELECT id FROM up WHERE merged_into IS NULL)"
)
"""The contact that ?1 was merged into in the end; ?1 itself where it was not; NULL where there is none."""
TREE = (
    "(WITH RECURSIVE down (id) AS (VALUES (?1) UNION"
    " SELECT c.id FROM contacts c JOIN down ON c.merged_into = down.id) SELECT id FROM down)"
)
"""The contact ?1 and all that were merged into it, one after the other."""


@dataclass(slots=True, eq=False)
class Someone:
    """An identity with its contact."""

    identity: Identity
    contact: ContactRef


contact_ref = msgspec.json.Decoder(ContactRef)
_contact = decoder(Contact)


def root_of(transaction: Transaction, contact_id: str) -> str | None:
    """Who a contact is now, after every merge; None for an id that is no contact's."""
    row = transaction.row(f"SELECT {ROOT}", contact_id)
    return row[0] if row else None


def contact_of(transaction: Transaction, contact_id: str) -> Contact | None:
    """A contact as committed or flushed."""
    row = transaction.row("SELECT body FROM contacts WHERE id = ?", contact_id)
    return _contact.decode(row[0]) if row else None


def held_by(transaction: Transaction, contact_id: str) -> list[Held]:
    """The identities of a contact, in the order they came."""
    sql = "SELECT id, scheme, value, scope, proof, home_id FROM identities WHERE contact_id = ? ORDER BY id"
    return [
        Held(
            identity=Identity(
                id=id_, contact_id=contact_id, scheme=scheme, value=value, scope=scope, proof=Proof(proof)
            ),
            home_id=home_id,
        )
        for id_, scheme, value, scope, proof, home_id in transaction.rows(sql, contact_id)
    ]


def reference(contact: Contact) -> ContactRef:
    return ContactRef(id=contact.id, name=contact.name, tags=contact.tags)


def tell_contact(transaction: Transaction, place: Place | None, type_: str, contact_id: str, data: Value) -> None:
    """An event about a person rather than a conversation; it has no sequence. `place` where a channel told it."""
    transaction.emit(
        type_,
        data,
        source=f"/contacts/{contact_id}",
        subject=contact_id,
        partition=contact_id,
        channel=place.channel if place else None,
        connector=place.connector_id if place else None,
        inbox=place.inbox.id if place else None,
    )


def identity_at(transaction: Transaction, scheme: str, scope: str, value: str) -> Someone | None:
    """Who is at an address, as committed or flushed."""
    sql = (
        "SELECT i.id, i.proof, c.body FROM identities i JOIN contacts c ON c.id = i.contact_id"
        " WHERE i.scheme = ? AND i.scope = ? AND i.value = ?"
    )
    row = transaction.row(sql, scheme, scope, value)
    if row is None:
        return None
    contact = contact_ref.decode(row[2])
    identity = Identity(id=row[0], contact_id=contact.id, scheme=scheme, value=value, scope=scope, proof=Proof(row[1]))
    return Someone(identity, contact)
