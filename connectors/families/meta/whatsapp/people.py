"""Who is meant: telephone numbers, business-scoped user ids, groups.

Somebody with a username may have no number at all, only an id such as `GB.8123` that is theirs towards this business;
`from` may hold either. Where an id is told, people go by it, and the number is a claim that WhatsApp vouches for.
Source: developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids (read 2026-11).
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from connectors.families.meta.whatsapp.event import Contact, Said
from connectors.kit.errors import BadPayload, Unreachable
from normalizer.addresses import InvalidAddress, normalise
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, Claim, Peer, Person
from normalizer.model import ConversationKind, Proof

SCHEME: Final = "whatsapp"
NUMBER: Final = re.compile(r"\+?(?P<digits>[1-9][0-9]{4,19})", re.ASCII)
SCOPED: Final = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}", re.ASCII)
GROUP: Final = re.compile(r"group:(?P<id>[\w=+/.-]{1,512})", re.ASCII)
"""How a group's id, which may look like anything, is told from the others here."""


class Names(NamedTuple):
    """What somebody goes by; at least one of the two."""

    user_id: str | None
    number: str | None
    """With its plus."""

    @property
    def value(self) -> str:
        return self.user_id or self.number or ""


def names(said: str | None, user_id: str | None, contact: Contact) -> Names:
    """Raises BadPayload where nobody is named."""
    scoped = next((one for one in (user_id, contact.user_id, said) if one and SCOPED.fullmatch(one)), None)
    numbers = (NUMBER.fullmatch(one) for one in (said, contact.wa_id) if one)
    number = next((f"+{found['digits']}" for found in numbers if found), None)
    if scoped is None and number is None:
        raise BadPayload("a message of nobody")
    return Names(scoped, number)


def contact_of(contacts: Sequence[Contact], said: str | None, user_id: str | None) -> Contact:
    """What is told besides of who wrote."""
    for one in contacts:
        if (said and said in (one.wa_id, one.user_id)) or (user_id and user_id == one.user_id):
            return one
    return contacts[0] if len(contacts) == 1 else Contact()


def person(known: Names, contact: Contact) -> Person:
    address = Address(scheme=SCHEME, value=known.value)
    return Person(address=address, name=contact.profile.name or None, handle=contact.profile.username or None)


def peer(known: Names, contact: Contact, said: Said) -> Peer:
    """The other end of the route."""
    if said.group_id is not None:
        value = f"group:{said.group_id}"
        if not GROUP.fullmatch(value):
            raise BadPayload("no id of a group")
        return Peer(person=Person(address=Address(scheme=SCHEME, value=value)), kind=ConversationKind.GROUP)
    return Peer(person=person(known, contact), claims=_claims(known))


def plainly(known: Names) -> Peer:
    return Peer(person=person(known, Contact()), claims=_claims(known))


def recipient(address: Address) -> dict[str, str]:
    """Whom a message is to, as its body says it. Raises Unreachable."""
    if found := NUMBER.fullmatch(address.value):
        return {"recipient_type": "individual", "to": found["digits"]}
    if SCOPED.fullmatch(address.value):
        return {"recipient_type": "individual", "recipient": address.value}
    if found := GROUP.fullmatch(address.value):
        return {"recipient_type": "group", "to": found["id"]}
    raise Unreachable("neither a telephone number nor a user's id", code=ErrorCode.INVALID_ADDRESS)


def _claims(known: Names) -> tuple[Claim, ...]:
    if known.number is None:
        return ()
    try:
        return (Claim(scheme="tel", value=normalise("tel", known.number), proof=Proof.CHANNEL),)
    except InvalidAddress:
        return ()
