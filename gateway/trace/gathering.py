"""Everything the store knows about some messages, put in order."""

# ruff: noqa: S608 - statements are made of our own names; values are parameters

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from connectors.kit.http import Exchange
from connectors.kit.redact import Redactor
from gateway.record.cases import COLUMNS, Case
from gateway.record.people import SELECT_WAY, way_of
from gateway.send.standing import SELECT as SELECT_PARCEL
from gateway.send.standing import Parcel
from gateway.store.times import from_us
from gateway.telling import Heard, words
from gateway.trace.clues import MOST, Clue
from gateway.trace.rows import Rows
from gateway.trace.story import (
    Chapter,
    Event,
    Exchanged,
    Filed,
    Item,
    Person,
    Quarantined,
    RawRequest,
    Sending,
    Story,
)
from gateway.trace.story import Clue as ClueTold
from normalizer.codec import decoder
from normalizer.model import Attachment, AttachmentState, Contact, Conversation, Identity, Message, Proof, Route

MOST_EVENTS = 500
_IN = "IN (SELECT value FROM json_each(?))"
_MESSAGES = f"SELECT body FROM messages WHERE id {_IN} ORDER BY id DESC LIMIT ?"
_CONVERSATIONS = f"SELECT {COLUMNS} FROM conversations WHERE id {_IN} ORDER BY number"
_ROUTES = f"{SELECT_WAY} WHERE r.id {_IN} ORDER BY r.id"
_ITEMS = (
    "SELECT a.connector_id, a.key, a.raw_id, a.message_id, a.recorded_at FROM arrivals a"
    f" WHERE a.message_id {_IN} OR a.raw_id {_IN}"
    " UNION SELECT p.connector_id, p.key, p.raw_id, a.message_id, p.recorded_at FROM arrivals a"  # its pieces
    " JOIN fragments f ON f.connector_id = a.connector_id AND f.grouping = substr(a.key, length('fragment:') + 1)"
    " JOIN arrivals p ON p.connector_id = f.connector_id AND p.key = f.key"
    f" WHERE a.message_id {_IN} AND a.key LIKE 'fragment:%'"
)
_RAWS = f"SELECT id, connector_id, received_at, method, url, headers, body FROM raws WHERE id {_IN} ORDER BY id"
_EVENTS = (
    f"SELECT position, type, body FROM events WHERE conversation_id {_IN} AND subject {_IN}"
    " ORDER BY position DESC LIMIT ?"
)
_ATTACHMENTS = (
    "SELECT message_id, connector_id, attempts, id, sha256, media_type, size, name, state, error FROM attachments"
    f" WHERE message_id {_IN} ORDER BY id"
)
_EXCHANGES = f"SELECT subject, id, at, body FROM exchanges WHERE subject {_IN} ORDER BY id"
_QUARANTINE = (
    "SELECT id, connector_id, raw_id, key, reason, state, created_at, replayed_at FROM quarantine"
    f" WHERE id {_IN} OR raw_id {_IN} ORDER BY id"
)
_CONTACTS = f"SELECT body FROM contacts WHERE id {_IN} ORDER BY id"
_IDENTITIES = f"SELECT contact_id, id, scheme, value, scope, proof FROM identities WHERE contact_id {_IN} ORDER BY id"

T = TypeVar("T")
Grouped = defaultdict[str | None, list[T]]


def gather(rows: Rows, asked: str, clues: Sequence[Clue], led: dict[str, set[str]], redact: Redactor) -> Story:
    """The story of what the clues led to."""
    messages = [decoder(Message).decode(body) for (body,) in rows(_MESSAGES, led.get("message", set()), MOST + 1)]
    told = sorted(messages[:MOST], key=lambda message: (message.recorded_at, message.id))
    ids = {message.id for message in told}
    conversations = _conversations(rows, led.get("conversation", set()) | {one.conversation_id for one in told})
    routes = _routes(rows, led.get("route", set()) | {message.route_id for message in told if message.route_id})
    contacts = led.get("contact", set()) | {one.contact_id for one in conversations if one.contact_id}
    items, raws = _requests(rows, ids, led.get("raw", set()), redact)
    deliveries, attachments = _deliveries(rows, ids), _attachments(rows, ids)
    about = {filed.attachment.id: message_id for message_id, files in attachments.items() for filed in files}
    others = {one.id for one in conversations} | {route.id for route in routes}
    events = _events(rows, {one.id for one in conversations}, {**dict.fromkeys(ids | others), **about})
    chapters = tuple(
        Chapter(
            raws=tuple(raws[id_] for id_ in sorted({item.raw_id for item in items[message.id]} & raws.keys())),
            items=tuple(items[message.id]),
            message=message,
            events=tuple(events[message.id]),
            deliveries=tuple(deliveries[message.id]),
            attachments=tuple(attachments[message.id]),
        )
        for message in told
    )
    used = {raw.id for chapter in chapters for raw in chapter.raws}
    return Story(
        asked=asked,
        clues=tuple(ClueTold(kind=clue.kind, name=" ".join(map(str, clue.name))) for clue in clues),
        people=_people(rows, contacts),
        routes=routes,
        conversations=conversations,
        chapters=chapters,
        events=tuple(sorted((event for one in others for event in events[one]), key=lambda event: event.position)),
        raws=tuple(raw for id_, raw in raws.items() if id_ not in used),
        items=tuple(item for message_id, found in items.items() if message_id not in ids for item in found),
        quarantine=_quarantine(rows, led.get("quarantine", set()), set(raws) | led.get("raw", set())),
        older=len(messages) > MOST,
    )


def _conversations(rows: Rows, ids: set[str]) -> tuple[Conversation, ...]:
    return tuple(Case(*row).model() for row in rows(_CONVERSATIONS, ids))


def _routes(rows: Rows, ids: set[str]) -> tuple[Route, ...]:
    return tuple(way_of(tuple(row)).model() for row in rows(_ROUTES, ids))


def _requests(
    rows: Rows, messages: set[str], asked: set[str], redact: Redactor
) -> tuple[Grouped[Item], dict[str, RawRequest]]:
    """Items by their message, and the requests they came in."""
    items: Grouped[Item] = defaultdict(list)
    for connector, key, raw_id, message_id, recorded in sorted(rows(_ITEMS, messages, asked, messages), key=_when):
        item = Item(connector=connector, key=key, raw_id=raw_id, recorded_at=from_us(recorded))
        items[message_id].append(item)
    wanted = asked | {item.raw_id for found in items.values() for item in found}
    raws = {
        id_: RawRequest(
            id=id_,
            connector=connector,
            received_at=from_us(received),
            method=method,
            url=redact(url),
            headers={name: redact(value) for name, value in msgspec.json.decode(headers or b"{}").items()},
            body=redact.body(body),
        )
        for id_, connector, received, method, url, headers, body in rows(_RAWS, wanted)
    }
    return items, raws


def _when(row: Any) -> tuple[int, str]:
    return row.recorded_at, row.key


def _events(rows: Rows, conversations: set[str], about: Mapping[str, str | None]) -> Grouped[Event]:
    """Events by what they are about; `about` names what another subject stands for."""
    found: Grouped[Event] = defaultdict(list)
    for position, type_, body in reversed(rows(_EVENTS, conversations, set(about), MOST_EVENTS)):
        event = decoder(Heard).decode(body)
        found[about[event.subject] or event.subject].append(
            Event(
                position=position,
                id=event.id,
                type=type_,
                time=event.time,
                sequence=None if event.sequence is None else int(event.sequence),
                subject=event.subject,
                says=words(type_, event.data),
            )
        )
    return found


def _deliveries(rows: Rows, messages: set[str]) -> Grouped[Sending]:
    parcels = [Parcel(*row) for row in rows(f"{SELECT_PARCEL} WHERE message_id {_IN} ORDER BY id", messages)]
    exchanges = _exchanges(rows, {parcel.id for parcel in parcels})
    found: Grouped[Sending] = defaultdict(list)
    for parcel in parcels:
        found[parcel.message_id].append(
            Sending(
                connector=parcel.connector_id,
                delivery=parcel.model(),
                asked_to_wait=parcel.plan.traffic,
                created_at=from_us(parcel.created_at),
                updated_at=from_us(parcel.updated_at),
                due_at=from_us(parcel.due_at),
                expires_at=None if parcel.expires_at is None else from_us(parcel.expires_at),
                exchanges=tuple(exchanges[parcel.id]),
            )
        )
    return found


def _attachments(rows: Rows, messages: set[str]) -> Grouped[Filed]:
    files = rows(_ATTACHMENTS, messages)
    exchanges = _exchanges(rows, {row.id for row in files})
    found: Grouped[Filed] = defaultdict(list)
    for message_id, connector, attempts, id_, sha256, media_type, size, name, state, error in files:
        attachment = Attachment(
            id=id_,
            sha256=sha256,
            media_type=media_type,
            size=size,
            name=name,
            state=AttachmentState(state),
            error=error,
        )
        filed = Filed(connector=connector, attachment=attachment, attempts=attempts, exchanges=tuple(exchanges[id_]))
        found[message_id].append(filed)
    return found


def _exchanges(rows: Rows, subjects: set[str]) -> Grouped[Exchanged]:
    found: Grouped[Exchanged] = defaultdict(list)
    for subject, id_, at, body in rows(_EXCHANGES, subjects):
        said = decoder(Exchange).decode(body)
        found[subject].append(
            Exchanged(
                id=id_,
                at=from_us(at),
                method=said.method,
                url=said.url,
                request_body=said.request_body,
                status=said.status,
                response_body=said.response_body,
                error=said.error,
                milliseconds=said.milliseconds,
            )
        )
    return found


def _people(rows: Rows, contacts: set[str]) -> tuple[Person, ...]:
    identities: Grouped[Identity] = defaultdict(list)
    for contact_id, id_, scheme, value, scope, proof in rows(_IDENTITIES, contacts):
        identity = Identity(id=id_, contact_id=contact_id, scheme=scheme, value=value, scope=scope, proof=Proof(proof))
        identities[contact_id].append(identity)
    found = [decoder(Contact).decode(body) for (body,) in rows(_CONTACTS, contacts)]
    return tuple(Person(contact=contact, identities=tuple(identities[contact.id])) for contact in found)


def _quarantine(rows: Rows, asked: set[str], raws: set[str]) -> tuple[Quarantined, ...]:
    return tuple(
        Quarantined(
            id=id_,
            connector=connector,
            raw_id=raw_id,
            key=key,
            reason=reason,
            state=state,
            created_at=from_us(created),
            replayed_at=None if replayed is None else from_us(replayed),
        )
        for id_, connector, raw_id, key, reason, state, created, replayed in rows(_QUARANTINE, asked, raws)
    )
