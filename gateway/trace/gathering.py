"""Everything the store knows about some messages, put in order."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from connectors.kit.http import Exchange
from connectors.kit.redact import Redactor
from gateway.record.cases import SELECT_CASE, Case
from gateway.record.desk import MOST_TEXT, cut
from gateway.record.people import SELECT_WAY, way_of
from gateway.send.standing import NEVER, Parcel
from gateway.send.standing import SELECT as SELECT_PARCEL
from gateway.store.times import from_us
from gateway.trace.clues import MOST, TOLD, Clue
from gateway.trace.events import KINDS, Found, add_answers, at, in_order, of_history
from gateway.trace.events import Grouped as Events
from gateway.trace.items import look
from gateway.trace.requests import Arrived
from gateway.trace.rows import IN, Rows
from gateway.trace.story import (
    Chapter,
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
from gateway.trace.subscribers import Subscribers
from normalizer.codec import decoder
from normalizer.model import Attachment, AttachmentState, Contact, Conversation, Identity, Message, Proof, Route

MOST_EXCHANGES = 50
"""Of one delivery or file; the newest."""
_MESSAGES = f"SELECT body FROM messages WHERE id {IN} ORDER BY id DESC LIMIT ?"
_CONVERSATIONS = f"{SELECT_CASE} WHERE c.id {IN} ORDER BY c.number"
_ROUTES = f"{SELECT_WAY} WHERE r.id {IN} ORDER BY r.id"
_RAWS = f"SELECT id, connector_id, received_at, method, url, headers, body FROM raws WHERE id {IN} ORDER BY id"
_ATTACHMENTS = (
    "SELECT message_id, connector_id, attempts, id, sha256, media_type, size, name, state, error FROM attachments"
    f" WHERE message_id {IN} ORDER BY id"
)
_EXCHANGES = "SELECT id, at, body FROM exchanges WHERE subject = ? ORDER BY id DESC LIMIT ?"
_QUARANTINE = (
    "SELECT id, connector_id, raw_id, key, reason, state, created_at, replayed_at FROM quarantine"
    f" WHERE id {IN} OR raw_id {IN} ORDER BY id"
)
_CONTACTS = f"SELECT body FROM contacts WHERE id {IN} ORDER BY id"
_IDENTITIES = f"SELECT contact_id, id, scheme, value, scope, proof FROM identities WHERE contact_id {IN} ORDER BY id"

T = TypeVar("T")
Grouped = defaultdict[str, list[T]]


def gather(
    rows: Rows, asked: str, clues: Sequence[Clue], led: dict[str, set[str]], who: Subscribers, redact: Redactor
) -> Story:
    """The story of what the clues led to."""
    messages = [decoder(Message).decode(body) for (body,) in rows(_MESSAGES, led.get("message", set()), MOST + 1)]
    told = sorted(messages[:MOST], key=lambda message: (message.recorded_at, message.id))
    ids = {message.id for message in told}
    conversations = _conversations(rows, led.get("conversation", set()) | {one.conversation_id for one in told})
    routes = _routes(rows, led.get("route", set()) | {message.route_id for message in told if message.route_id})
    contacts = led.get("contact", set()) | {one.contact_id for one in conversations if one.contact_id}
    deliveries, attachments = _deliveries(rows, ids), _attachments(rows, ids)
    about = {filed.attachment.id: message_id for message_id, files in attachments.items() for filed in files}
    others = {one.id for one in conversations} | {route.id for route in routes}
    events = of_history(rows, {one.id for one in conversations}, {**dict.fromkeys(ids | others), **about})
    add_answers(rows, events, ids)
    aside = _aside(rows, events, ids, led)
    asked_raws = led.get("raw", set())
    items = look(rows, told, events, deliveries, asked_raws)
    raws = _raws(rows, asked_raws.union(*items.raws.values(), (one.raw_id for one in items.others(ids))), redact)
    chapters = tuple(
        Chapter(
            raws=tuple(raws[id_] for id_ in sorted(items.raws[one.id] & raws.keys())),
            items=tuple(map(_item, items.of(one.id))),
            message=msgspec.structs.replace(one, text=cut(one.text, MOST_TEXT)),
            events=tuple(found.event for found in events[one.id]),
            deliveries=tuple(deliveries[one.id]),
            attachments=tuple(attachments[one.id]),
        )
        for one in told
    )
    used = {raw.id for chapter in chapters for raw in chapter.raws}
    return Story(
        asked=asked,
        clues=tuple(_told(clue) for clue in clues if clue.kind in TOLD),
        people=_people(rows, contacts),
        routes=routes,
        conversations=conversations,
        chapters=chapters,
        events=tuple(found.event for found in aside),
        raws=tuple(raw for id_, raw in raws.items() if id_ not in used),
        items=tuple(map(_item, items.others(ids))),
        quarantine=_quarantine(rows, led.get("quarantine", set()), set(raws) | asked_raws),
        subscribers=who.tell(in_order([*aside, *(one for id_ in ids for one in events[id_])]), redact),
        older=len(messages) > MOST,
        notes=tuple(rows.notes),
    )


def _told(clue: Clue) -> ClueTold:
    return ClueTold(kind=clue.kind, name=" ".join(map(str, clue.name[: TOLD[clue.kind]])))


def _aside(rows: Rows, events: Events, messages: set[str], led: dict[str, set[str]]) -> list[Found]:
    """Events that are about none of the messages: of the conversations, and those that were asked for."""
    wanted = {int(position) for kind in KINDS for position in led.get(kind, ())}
    known = {found.event.position for group in events.values() for found in group}
    of_others = (found for about, group in events.items() if about not in messages for found in group)
    return in_order([*of_others, *at(rows, wanted - known)])


def _conversations(rows: Rows, ids: set[str]) -> tuple[Conversation, ...]:
    return tuple(Case(*row).model() for row in rows(_CONVERSATIONS, ids))


def _routes(rows: Rows, ids: set[str]) -> tuple[Route, ...]:
    return tuple(way_of(tuple(row)).model() for row in rows(_ROUTES, ids))


def _raws(rows: Rows, ids: set[str], redact: Redactor) -> dict[str, RawRequest]:
    return {
        id_: RawRequest(
            id=id_,
            connector=connector,
            received_at=from_us(received),
            method=method,
            url=redact(url),
            headers={name: redact(value) for name, value in msgspec.json.decode(headers or b"{}").items()},
            body=redact.body(body),
        )
        for id_, connector, received, method, url, headers, body in rows(_RAWS, ids)
    }


def _item(one: Arrived) -> Item:
    recorded = from_us(one.recorded_at)
    return Item(connector=one.connector_id, key=one.key, raw_id=one.raw_id, recorded_at=recorded)


def _deliveries(rows: Rows, messages: set[str]) -> Grouped[Sending]:
    parcels = [Parcel(*row) for row in rows(f"{SELECT_PARCEL} WHERE message_id {IN} ORDER BY id", messages)]
    found: Grouped[Sending] = defaultdict(list)
    for parcel in parcels:
        found[parcel.message_id].append(
            Sending(
                connector=parcel.connector_id,
                delivery=parcel.model(),
                asked_to_wait=parcel.plan.traffic,
                created_at=from_us(parcel.created_at),
                updated_at=from_us(parcel.updated_at),
                due_at=from_us(parcel.due_at) if parcel.due_at < NEVER else None,
                expires_at=None if parcel.expires_at is None else from_us(parcel.expires_at),
                exchanges=_exchanges(rows, parcel.id),
            )
        )
    return found


def _attachments(rows: Rows, messages: set[str]) -> Grouped[Filed]:
    files = rows(_ATTACHMENTS, messages)
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
        filed = Filed(connector=connector, attachment=attachment, attempts=attempts, exchanges=_exchanges(rows, id_))
        found[message_id].append(filed)
    return found


def _exchanges(rows: Rows, subject: str) -> tuple[Exchanged, ...]:
    """Oldest first."""
    newest = rows(_EXCHANGES, subject, MOST_EXCHANGES + 1)
    if len(newest) > MOST_EXCHANGES:
        rows.note(f"of {subject} the newest {MOST_EXCHANGES} exchanges")
    return tuple(_exchanged(*row) for row in reversed(newest[:MOST_EXCHANGES]))


def _exchanged(id_: str, at: int, body: bytes) -> Exchanged:
    said = decoder(Exchange).decode(body)
    return Exchanged(
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
