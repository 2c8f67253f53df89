"""What happens to messages, people and routes after the fact: edits, deletions, reactions, reports, moves.

A report about an id we do not know yet waits, and is applied when the message comes.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from gateway.arrival import Arrival, Place
from gateway.record.contacts import identity_at, tell_contact
from gateway.record.desk import Desk, Known, message_data
from gateway.record.reading import read_up_to
from gateway.send.fallback import follow_up
from gateway.send.names import learn
from gateway.send.pieces import UNTOLD, hear, read_token
from gateway.send.standing import SELECT, Parcel, hold_deliveries
from gateway.store import schema
from gateway.store.transaction import Transaction, listed
from normalizer.codec import decoder, encode
from normalizer.errors import ErrorCode
from normalizer.events import ContactData, ReactionData, RedactionData
from normalizer.inbound import (
    IdentityMoved,
    Inbound,
    MessageEdited,
    MessageReceived,
    MessageRedacted,
    ReactionChanged,
    ReadUpTo,
    StatusChanged,
)
from normalizer.model import AuthorKind, Direction, Identity, Message, Proof
from normalizer.parts import MediaPart

Waiting = MessageEdited | MessageRedacted | ReactionChanged | StatusChanged | ReadUpTo | MessageReceived
"""What may wait for a message: reports about it, and what may be an echo of it."""
ECHO = "echo"
"""The timer of what may be one (`gateway.record.echoes`)."""
_waiting = decoder(Waiting)
_ECHOED = "UPDATE arrivals SET message_id = ? WHERE connector_id = ? AND key = ?"
_FETCH_NO_MORE = "UPDATE attachments SET state = 'blocked', due_at = NULL WHERE message_id = ? AND state = 'pending'"


def edit(desk: Desk, place: Place, item: MessageEdited) -> str | None:
    """Revises the message; an edit that changes nothing one could read is no event. Of two the later made stands."""
    known = desk.known(place, item.external_id)
    if known is None:
        keep_waiting(desk, place, item)
        return None
    message = desk.message(known.message_id)
    if message.redacted_at is not None:
        return message.id  # told late; what was deleted does not come back
    if message.edited_at is not None and item.occurred_at < message.edited_at:
        return message.id
    kept = tuple(part for part in message.parts if isinstance(part, MediaPart))
    media = kept if item.media is None else desk.attach(place, message.id, item.media)
    known_since = msgspec.structs.replace(message, edited_at=item.occurred_at)
    changed = msgspec.structs.replace(known_since, text=item.text, parts=item.parts + media)
    if changed != known_since:
        revise(desk, place, changed)
    else:
        desk.rewrite(known_since)
    return message.id


def revise(desk: Desk, place: Place | None, message: Message) -> None:
    """Writes a message's next revision and says so."""
    message = msgspec.structs.replace(message, revision=message.revision + 1)
    body = desk.rewrite(message)
    case = desk.cases.get(message.conversation_id)
    way = desk.way(message.route_id)
    data = message_data(message, body, way, way.contact if way else None)
    desk.cases.emit(case, "message.edited", data, message.id, desk.cases.advance(case), place)


def redact(desk: Desk, place: Place, item: MessageRedacted) -> str | None:
    """Leaves a tombstone: text and parts are gone, the message's place in the history stands."""
    known = desk.known(place, item.external_id)
    if known is None:
        keep_waiting(desk, place, item)
        return None
    message = desk.message(known.message_id)
    if message.redacted_at is None:
        tombstone(desk, place, message)
        desk.transaction.change(_FETCH_NO_MORE, message.id)
    return message.id


def tombstone(desk: Desk, place: Place | None, message: Message) -> Message:
    """What is left of a message; says so. `place` where its connector is configured."""
    at = desk.transaction.now
    none = {"subject": None, "copied": (), "text": "", "parts": (), "actions": (), "context": None}
    message = msgspec.structs.replace(message, redacted_at=at, **none)
    desk.rewrite(message)
    case = desk.cases.get(message.conversation_id)
    data = RedactionData(message_id=message.id, redacted_at=at)
    desk.cases.emit(case, "message.redacted", data, message.id, desk.cases.advance(case), place)
    return message


def react(desk: Desk, place: Place, item: ReactionChanged) -> str | None:
    known = desk.known(place, item.external_id)
    if known is None:
        keep_waiting(desk, place, item)
        return None
    author = desk.crowd[place].someone(item.author, Proof.CHANNEL).contact.id
    for type_, reactions in (("reaction.removed", item.removed), ("reaction.added", item.added)):
        for reaction in reactions:
            tell_reaction(desk, place, known, type_, reaction, AuthorKind.CONTACT, author)
    return known.message_id


def tell_reaction(
    desk: Desk, place: Place, known: Known, type_: str, reaction: str, kind: AuthorKind, author: str | None
) -> None:
    case = desk.cases.get(known.conversation_id)
    data = ReactionData(message_id=known.message_id, reaction=reaction, author_kind=kind, author=author)
    desk.cases.emit(case, type_, data, known.message_id, desk.cases.advance(case), place)


def report(desk: Desk, place: Place, item: StatusChanged) -> str | None:
    """A delivery's status climbs; it never falls. Our token tells which it is before the provider's id is known."""
    found = _by_token(desk, place, item) or _by_name(desk, place, item)
    if found is None:
        if not _is_theirs(desk, place, item):
            keep_waiting(desk, place, item)
        return None
    parcel, n = found
    error = None
    if item.error_code or item.provider_code:
        code = item.error_code if item.error_code in set(ErrorCode) else ErrorCode.UNKNOWN
        error = msgspec.structs.replace(UNTOLD, code=code, provider_code=item.provider_code)
    names = (item.external_id,)
    if hear(desk.transaction, parcel, n, item.status, external_ids=names, error=error):
        follow_up(desk, parcel, place)
    known = desk.known(place, item.external_id)
    if known is None or known.delivery_id is None:
        learn(desk, place, parcel, names, late=True)
        catch_up(desk, place, names)
    return parcel.message_id


def _by_token(desk: Desk, place: Place, item: StatusChanged) -> tuple[Parcel, int] | None:
    """The request that carried the token, if it left by this connector."""
    delivery_id, n = (read_token(item.token) if item.token else None) or ("", 0)
    parcel = _parcel(desk, delivery_id) if delivery_id else None
    ours = parcel is not None and parcel.connector_id == place.connector_id and n < len(parcel.plan.payloads)
    return (parcel, n) if parcel is not None and ours else None


def _by_name(desk: Desk, place: Place, item: StatusChanged) -> tuple[Parcel, int] | None:
    known = desk.known(place, item.external_id)
    parcel = _parcel(desk, known.delivery_id) if known and known.delivery_id else None
    if parcel is None:
        return None
    requests = enumerate(parcel.plan.payloads)
    return parcel, next((n for n, frozen in requests if item.external_id in frozen.external_ids), 0)


def _is_theirs(desk: Desk, place: Place, item: StatusChanged) -> bool:
    """Whether it is about what a customer wrote, or what the account's owner did elsewhere, as some providers tell:
    there is no delivery, and will be none."""
    known = desk.known(place, item.external_id)
    if known is None:
        return False
    if desk.message(known.message_id).direction is Direction.IN:
        return True
    return desk.transaction.row("SELECT 1 FROM deliveries WHERE message_id = ? LIMIT 1", known.message_id) is None


def _parcel(desk: Desk, delivery_id: str) -> Parcel | None:
    """A delivery as it stands now, in this transaction too."""
    desk.transaction.flush()
    hold_deliveries(desk.transaction, [delivery_id])
    row = desk.transaction.row(f"{SELECT} WHERE id = ?", delivery_id)
    return Parcel(*row) if row else None


def move(desk: Desk, arrival: Arrival, item: IdentityMoved) -> None:
    """The identity keeps its history under its new address."""
    scheme, before = item.before.scheme, item.before.value
    if identity := move_identity(desk.transaction, arrival.place, scheme, before, item.after.value):
        desk.crowd[arrival.place].moved(identity, before)


def move_identity(transaction: Transaction, place: Place, scheme: str, before: str, after: str) -> Identity | None:
    """Renames an identity and its routes, and returns it; where the new address is somebody already, both stay."""
    transaction.be_alone()
    transaction.flush()
    someone = identity_at(transaction, scheme, place.connector_id, before)
    if someone is None or identity_at(transaction, scheme, place.connector_id, after):
        return None
    identity = msgspec.structs.replace(someone.identity, value=after)
    transaction.change("UPDATE identities SET value = ? WHERE id = ?", after, identity.id)
    transaction.change("UPDATE routes SET address = ? WHERE identity_id = ?", after, identity.id)
    transaction.flush()
    data = ContactData(contact=someone.contact, identities=(identity,))
    tell_contact(transaction, place, "contact.updated", identity.contact_id, data)
    return identity


def _read(desk: Desk, place: Place, item: ReadUpTo) -> str | None:
    if item.external_id is not None and desk.known(place, item.external_id) is None:
        keep_waiting(desk, place, item)
        return None
    return read_up_to(desk, place, item)


def keep_waiting(desk: Desk, place: Place, item: Waiting) -> None:
    """Until the message its external id names comes, or until it is shown as unclaimed."""
    desk.transaction.insert(
        schema.waiting_reports,
        place.connector_id,
        item.key,
        item.external_id or "",
        encode(item),
        desk.transaction.now_us,
    )
    desk.transaction.flush()  # its message may come in this very batch
    desk.reports_wait = True


def anything_waits(transaction: Transaction) -> bool:
    """Whether any report waits at all; asked once per batch, for it is rare."""
    return transaction.row("SELECT 1 FROM waiting_reports LIMIT 1") is not None


def catch_up(desk: Desk, place: Place, external_ids: Sequence[str]) -> None:
    """Applies the reports that came before the message these ids name."""
    if desk.reports_wait:
        for waiting in _waited(desk.transaction, place, external_ids):
            WAITED[type(waiting)](desk, place, waiting)


def _waited(transaction: Transaction, place: Place, external_ids: Sequence[str]) -> list[Waiting]:
    """The reports that were waiting for these ids, oldest first; they wait no more."""
    where = "connector_id = ? AND external_id IN (SELECT value FROM json_each(?))"
    names = listed(external_ids)
    sql = f"SELECT body FROM waiting_reports WHERE {where} ORDER BY created_at, key"
    rows = transaction.rows(sql, place.connector_id, names)
    if rows:
        transaction.change(f"DELETE FROM waiting_reports WHERE {where}", place.connector_id, names)
        transaction.flush()  # one of them may have to wait on, under the same key
    return [_waiting.decode(body) for (body,) in rows]


def _echoed(desk: Desk, place: Place, item: MessageReceived) -> str | None:
    """It was ours, and stands in the history already."""
    known = desk.known(place, item.external_id)
    assert known is not None
    desk.transaction.change(_ECHOED, known.message_id, place.connector_id, item.key)
    return known.message_id


REPORTS: dict[type[Inbound], Callable[[Desk, Place, Any], str | None]] = {
    MessageEdited: edit,
    MessageRedacted: redact,
    ReactionChanged: react,
    StatusChanged: report,
    ReadUpTo: _read,
}
WAITED: dict[type[Inbound], Callable[[Desk, Place, Any], str | None]] = {**REPORTS, MessageReceived: _echoed}
