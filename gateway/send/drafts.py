"""What a delivery's requests are made of: the message, its address and its files; and how it is frozen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from gateway.live import LiveConnector
from gateway.record.people import VISIBILITIES
from gateway.record.received import Numbered
from gateway.send.standing import Frozen, Parcel, Plan
from gateway.send.threads import ALONE, Thread, thread_before
from gateway.store.times import from_us
from gateway.store.transaction import Transaction, listed
from normalizer.codec import decoder, encode
from normalizer.inbound import Address
from normalizer.model import DeliveryKind, Message, Visibility
from normalizer.parts import CardsPart, MediaPart, Part
from normalizer.placeholder import placeholder
from normalizer.render import render


class _Told(msgspec.Struct):
    message: Message


class _Created(msgspec.Struct):
    """The event that made a message, where it stands as it was made: what the view `message_bodies` gives, without
    taking it out of the event in SQL first."""

    data: _Told


_message = decoder(Message)
_created = decoder(_Created)


@dataclass(frozen=True)
class StoredRow:
    """An attachment as the store knows it."""

    id: str
    sha256: str | None
    media_type: str
    name: str | None
    size: int | None


class Draft(msgspec.Struct, frozen=True):
    parcel: Parcel
    message: Message
    address: Address
    thread: str | None
    files: Sequence[StoredRow]
    within: Thread = ALONE
    visibility: Visibility = Visibility.PRIVATE
    heard_at: datetime | None = None
    """When the recipient last wrote on this route."""
    to: Address | None = None
    """Whom the message is to, where this delivery is a copy."""


_ROUTES = (
    "SELECT id, address, thread, visibility, last_inbound_at FROM routes WHERE id IN (SELECT value FROM json_each(?))"
)
_MESSAGES = (
    "SELECT m.id, m.body, e.body FROM message_heads m LEFT JOIN events e ON e.position = m.position"
    " WHERE m.id IN (SELECT value FROM json_each(?))"
)
_FILES = "SELECT id, sha256, media_type, name, size FROM attachments WHERE id IN (SELECT value FROM json_each(?))"
_NUMBERED = "UPDATE routes SET numbered = ? WHERE id = ?"


def drafts(transaction: Transaction, connector: LiveConnector, parcels: Sequence[Parcel]) -> list[Draft]:
    """The drafts of claimed deliveries, read set-based, in their order."""
    if not parcels:
        return []
    messages = {
        id_: _message.decode(body) if body else _created.decode(event).data.message
        for id_, body, event in transaction.rows(_MESSAGES, listed({p.message_id for p in parcels}))
    }
    wanted_routes = {p.route_id for p in parcels} | {m.route_id for m in messages.values() if m.copied}
    routes = {id_: rest for id_, *rest in transaction.rows(_ROUTES, listed(wanted_routes))}
    wanted = {id_ for message in messages.values() for id_ in attachment_ids(message)}
    files = {row[0]: StoredRow(*row) for row in transaction.rows(_FILES, listed(wanted))} if wanted else {}
    threads = connector.plugin.info.capability.threads
    made = []
    for parcel in parcels:
        address, thread, visibility, heard_at = routes[parcel.route_id]
        message = messages[parcel.message_id]
        to = routes.get(message.route_id) if address in {one.address for one in message.copied} else None
        made.append(
            Draft(
                parcel=parcel,
                message=message,
                address=Address(scheme=connector.place.scheme, value=address),
                thread=thread or None,
                visibility=VISIBILITIES[visibility],
                heard_at=None if heard_at is None else from_us(heard_at),
                files=[files[id_] for id_ in attachment_ids(message) if id_ in files],
                within=thread_before(transaction, message, parcel.route_id) if threads else ALONE,
                to=Address(scheme=connector.place.scheme, value=to[0]) if to else None,
            )
        )
    return made


def attachment_ids(message: Message) -> list[str]:
    """Every file a message names, in parts and on cards."""
    return attachment_ids_of(message.parts)


def attachment_ids_of(parts: Sequence[Part]) -> list[str]:
    found = [part.attachment_id for part in parts if isinstance(part, MediaPart)]
    cards = [card for part in parts if isinstance(part, CardsPart) for card in part.cards]
    return found + [card.image for card in cards if card.image]


def freeze(
    transaction: Transaction,
    draft: Draft,
    plan: Plan,
    connector: LiveConnector,
    link: Callable[[str], str],
    choices_for: float,
) -> Plan:
    """Renders the message for its channel; what is sent from now on is exactly this."""
    if draft.parcel.kind == DeliveryKind.REACTION:
        return plan
    message = draft.message
    links = {file.id: link(file.id) for file in draft.files}
    capability = connector.plugin.info.on(draft.visibility)
    words = "" if message.text == placeholder(message.parts) else message.text
    rendered = render(words, message.parts, message.actions, capability, plan.quote is not None, links)
    if rendered.numbered:
        until = transaction.now + timedelta(seconds=choices_for)
        transaction.change(_NUMBERED, encode(Numbered(actions=rendered.numbered, until=until)), draft.parcel.route_id)
    return msgspec.structs.replace(
        plan,
        payloads=tuple(Frozen(body=payload) for payload in rendered.payloads),
        losses=rendered.losses,
        numbered=rendered.numbered,
    )
