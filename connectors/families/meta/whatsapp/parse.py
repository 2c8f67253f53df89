"""One request to what the hub records. Pure; what is not understood is said, never passed over in silence.

Each change holds lists, and each item of a list is read on its own. Reports may come before the send they are about was
answered: our token, which they carry, tells whose they are.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import msgspec

from connectors.families.meta import batch
from connectors.families.meta.moment import moment
from connectors.families.meta.whatsapp import people
from connectors.families.meta.whatsapp.content import DEEPEST, content
from connectors.families.meta.whatsapp.event import (
    CHANGE,
    EDITED,
    MOVED,
    PREFERENCE,
    REACTED,
    REVOKED,
    SAID,
    STATUS,
    VALUE,
    Contact,
    Said,
    Value,
)
from connectors.families.meta.whatsapp.kinds import CONSENT, IGNORED, MARKETING, STATUSES, SYSTEM, UNSAID
from connectors.families.meta.whatsapp.refusals import reported
from connectors.kit.errors import BadPayload
from connectors.kit.nested import bounded
from connectors.kit.request import decode
from normalizer.inbound import (
    Address,
    ConsentChanged,
    IdentityMoved,
    Ignored,
    Inbound,
    MessageEdited,
    MessageReceived,
    MessageRedacted,
    ReactionChanged,
    StatusChanged,
)
from normalizer.model import Purpose
from normalizer.parts import NativePart
from normalizer.status import Status

PRODUCT: Final = "whatsapp_business_account"


class Saying(msgspec.Struct, frozen=True):
    """A message, whatever becomes of it, and who is at the other end."""

    said: Said
    body: bytes
    contact: Contact
    from_us: bool

    @property
    def names(self) -> people.Names:
        """Whose message it is, or of an echo, whom it was written to. Raises BadPayload."""
        said = self.said
        if self.from_us:
            return people.names(said.to, said.to_user_id, self.contact)
        return people.names(said.from_, said.from_user_id, self.contact)


def parse(body: bytes, number: str | None) -> list[Inbound]:
    """What one request says to the number of this id; None: it comes for one number only. Raises BadPayload where its
    entries cannot be told apart."""
    return batch.read(body, PRODUCT, lambda piece: _change(piece, number))


def parse_value(body: bytes) -> list[Inbound]:
    """What a request says that holds the lists alone, without the account's entries around them. Raises BadPayload."""
    value = decode(body, VALUE)
    if not (value.errors or any(getattr(value, name) for name in LISTS)):
        raise BadPayload("neither messages nor statuses")
    return list(_lists(value, body))


def _change(piece: batch.Piece, number: str | None) -> Iterator[Inbound]:
    if piece.kind != "changes":
        raise BadPayload(f"{piece.kind} of a WhatsApp account")
    change = decode(piece.body, CHANGE)
    if change.field in IGNORED:
        yield Ignored(key=key_of(piece.body), reason=IGNORED[change.field])
        return
    if change.field not in FIELDS:
        raise BadPayload(f"a change of a field we do not know: {change.field[:64]}")
    value = decode(bytes(change.value), VALUE)
    if number is not None and value.metadata.phone_number_id is None:
        raise BadPayload("for no number")
    if number is not None and value.metadata.phone_number_id != number:
        yield Ignored(key=key_of(piece.body), reason="for another number of this account")
        return
    yield from _lists(value, piece.body)


def _lists(value: Value, body: bytes) -> Iterator[Inbound]:
    for problem in value.errors:
        yield Ignored(key=key_of(body), reason=f"WhatsApp tells of an error: {problem.code} {problem.title[:200]}")
    for name, reader in LISTS.items():
        for item in getattr(value, name):
            yield from _each(bytes(item), value, reader)


def _each(item: bytes, value: Value, reader: Callable[[bytes, Value], Iterable[Inbound]]) -> Iterator[Inbound]:
    """One of several items: what is wrong with it harms no other."""
    try:
        yield from list(reader(item, value))
    except BadPayload as error:
        yield batch.unreadable(item, error)


def _message(item: bytes, value: Value) -> Iterable[Inbound]:
    said = decode(item, SAID)
    contact = people.contact_of(value.contacts, said.from_, said.from_user_id)
    return _said(Saying(said, item, contact, False))


def _echo(item: bytes, value: Value) -> Iterable[Inbound]:
    """What was written in the WhatsApp Business app, beside us."""
    said = decode(item, SAID)
    contact = people.contact_of(value.contacts, said.to, said.to_user_id)
    return _said(Saying(said, item, contact, True))


def _said(saying: Saying) -> Iterable[Inbound]:
    kind = saying.said.type
    if kind in UNSAID:
        return [Ignored(key=f"message:{saying.said.id}", reason=UNSAID[kind])]
    return READERS.get(kind, _written)(saying)


def _written(saying: Saying) -> Iterator[Inbound]:
    said, known = saying.said, saying.names
    at = moment(said.timestamp)
    told = content(saying.body)
    parts = told.parts
    if said.referral:
        parts = (*parts, NativePart(kind="referral", data=bounded(said.referral, DEEPEST)))
    if known.user_id and known.number:
        yield _same(known.number, known.user_id, said)
    group = said.group_id is not None
    yield MessageReceived(
        key=f"message:{said.id}",
        external_id=said.id,
        peer=people.peer(known, saying.contact, said),
        author=people.person(known, saying.contact) if group and not saying.from_us else None,
        from_us=saying.from_us,
        text=told.text,
        parts=parts,
        media=told.media,
        reply_to=said.context.id,
        occurred_at=at,
    )


def _same(number: str, user_id: str, said: Said) -> IdentityMoved:
    """Whoever went by their number here, goes by the id from the first time it is told."""
    return IdentityMoved(
        key=f"known-as:{number}:{user_id}",
        before=Address(scheme=people.SCHEME, value=number),
        after=Address(scheme=people.SCHEME, value=user_id),
        occurred_at=moment(said.timestamp),
    )


def _reacted(saying: Saying) -> Iterator[Inbound]:
    if saying.from_us:
        yield Ignored(key=f"message:{saying.said.id}", reason="a reaction of our own, given in the app")
        return
    reaction = decode(saying.body, REACTED).reaction
    yield ReactionChanged(
        key=f"message:{saying.said.id}",
        external_id=reaction.message_id,
        author=people.person(saying.names, saying.contact),
        added=(reaction.emoji,) if reaction.emoji else (),
        removed=() if reaction.emoji else ("",),  # which one it was, WhatsApp does not say
        occurred_at=moment(saying.said.timestamp),
    )


def _edited(saying: Saying) -> Iterator[Inbound]:
    original = decode(saying.body, EDITED).edit
    told = content(bytes(original.message))
    yield MessageEdited(
        key=f"message:{saying.said.id}",
        external_id=original.original_message_id,
        text=told.text,
        parts=told.parts,
        media=told.media or None,
        occurred_at=moment(saying.said.timestamp),
    )


def _revoked(saying: Saying) -> Iterator[Inbound]:
    yield MessageRedacted(
        key=f"message:{saying.said.id}",
        external_id=decode(saying.body, REVOKED).revoke.original_message_id,
        occurred_at=moment(saying.said.timestamp),
    )


def _moved(saying: Saying) -> Iterator[Inbound]:
    """Somebody took another number, or is known by another id."""
    said, system = saying.said, decode(saying.body, MOVED).system
    if system.type not in SYSTEM:
        yield Ignored(key=f"message:{said.id}", reason=f"WhatsApp tells: {system.type[:64]}")
        return
    before = people.names(said.from_, said.from_user_id, Contact())
    after = people.names(system.wa_id or system.new_wa_id, system.user_id, Contact())
    for n, old in enumerate(filter(None, before)):
        yield IdentityMoved(
            key=f"message:{said.id}:{n}",
            before=Address(scheme=people.SCHEME, value=old),
            after=Address(scheme=people.SCHEME, value=after.value),
            occurred_at=moment(said.timestamp),
        )


def _status(item: bytes, _: Value) -> Iterator[Inbound]:
    told = decode(item, STATUS)
    whose = (told.recipient_participant_user_id or told.recipient_participant_id) if told.recipient_type else None
    key = f"status:{told.id}:{told.status}{f':{whose}' if whose else ''}"
    if told.status in UNSAID:
        yield Ignored(key=key, reason=UNSAID[told.status])
        return
    status = STATUSES.get(told.status)
    if status is None:
        raise BadPayload(f"a status we do not know: {told.status[:64]}")
    failed = status is Status.FAILED
    code = next((one.code for one in told.errors), None)
    yield StatusChanged(
        key=key,
        external_id=told.id,
        token=told.biz_opaque_callback_data or None,
        status=status,
        error_code=reported(code) if failed else None,
        provider_code=str(code) if failed and code is not None else None,
        occurred_at=moment(told.timestamp),
    )


def _preference(item: bytes, value: Value) -> Iterator[Inbound]:
    told = decode(item, PREFERENCE)
    contact = people.contact_of(value.contacts, told.wa_id, told.user_id)
    known = people.names(told.wa_id, told.user_id, contact)
    state = CONSENT.get(told.value.lower())
    if told.category != MARKETING or state is None:
        raise BadPayload(f"a preference we do not know: {told.category[:64]} {told.value[:64]}")
    yield ConsentChanged(
        key=f"preference:{known.value}:{told.timestamp}:{told.value[:64]}",
        peer=people.plainly(known),
        state=state,
        purpose=Purpose.MARKETING,
        source=f"user_preferences: {told.value.lower()}",
        occurred_at=moment(told.timestamp),
    )


def key_of(body: bytes) -> str:
    """Of what has no name of its own."""
    return batch.unreadable(body, BadPayload()).key.replace("unreadable", "change")


FIELDS: Final = frozenset({"messages", "smb_message_echoes", "user_preferences"})
LISTS: Final[Mapping[str, Callable[[bytes, Value], Iterable[Inbound]]]] = {
    "messages": _message,
    "message_echoes": _echo,
    "statuses": _status,
    "user_preferences": _preference,
}
READERS: Final[Mapping[str, Callable[[Saying], Iterable[Inbound]]]] = {
    "reaction": _reacted,
    "edit": _edited,
    "revoke": _revoked,
    "system": _moved,
}
