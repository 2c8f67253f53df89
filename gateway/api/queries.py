"""What the API reads of the store. Every statement walks an index and is bounded by a page."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from heapq import nlargest
from typing import Any, NamedTuple

from sqlalchemy import Engine

from gateway.people.participants import SELECT_PARTICIPANT, participant_of
from gateway.record.cases import SELECT_CASE, Case
from gateway.record.contacts import TREE
from gateway.record.people import SELECT_WAY, way_of
from gateway.send.pausing import Condition
from gateway.send.standing import SELECT as SELECT_PARCEL
from gateway.send.standing import Parcel
from gateway.store.engine import looking
from gateway.store.histories import OF_ID, both
from gateway.store.transaction import listed
from normalizer.events import Participant
from normalizer.model import (
    Attachment,
    AttachmentState,
    Conversation,
    ConversationState,
    Delivery,
    Identity,
    Proof,
    Route,
)

CREATED = ("message.received", "message.created")


class Rows:
    """Statements on one state of the store."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def all(self, sql: str, *parameters: object) -> list[Any]:
        return self._cursor.execute(sql, parameters).fetchall()  # type: ignore[no-any-return]  # the driver is untyped

    def one(self, sql: str, *parameters: object) -> Any | None:
        return self._cursor.execute(sql, parameters).fetchone()


@contextmanager
def snapshot(engine: Engine) -> Iterator[Rows]:
    """The store as it is now, whatever is written meanwhile."""
    with looking(engine, one_state=True) as cursor:
        yield Rows(cursor)


class Filter(NamedTuple):
    state: str | None
    inbox: str | None
    contact: str | None


def message(rows: Rows, message_id: str) -> bytes | None:
    row = rows.one("SELECT body FROM messages WHERE id = ?", message_id)
    return row[0] if row else None


def deliveries(rows: Rows, message_id: str) -> tuple[Delivery, ...]:
    """Oldest first."""
    found = rows.all(f"{SELECT_PARCEL} WHERE message_id = ? ORDER BY id", message_id)
    return tuple(Parcel(*row).model() for row in found)


def conversation(rows: Rows, conversation_id: str) -> Conversation | None:
    row = rows.one(f"{SELECT_CASE} WHERE c.id = ?", conversation_id)
    return Case(*row).model() if row else None


def participants(rows: Rows, conversation_id: str) -> tuple[Participant, ...]:
    return tuple(participant_of(*row) for row in rows.all(SELECT_PARTICIPANT, conversation_id))


def conversations(rows: Rows, wanted: Filter, before: int, limit: int) -> tuple[list[Conversation], int | None]:
    """Up to `limit` with numbers below `before`, newest first; and the number to go on below, if any are left."""
    numbers = _numbers(rows, wanted, before, limit + 1)
    page = numbers[:limit]
    found = rows.all(_NUMBERED, listed(page)) if page else []
    return [Case(*row).model() for row in found], page[-1] if len(numbers) > limit else None


def _numbers(rows: Rows, wanted: Filter, before: int, most: int) -> list[int]:
    """The highest numbers below `before` of what is wanted, falling."""
    if wanted.contact:  # of one contact there are few, whatever else is asked
        filters = {"state = ?": wanted.state, "inbox_id = ?": wanted.inbox}
        clauses = "".join(f" AND {clause}" for clause, value in filters.items() if value is not None)
        values = [value for value in filters.values() if value is not None]
        sql = f"SELECT number FROM conversations WHERE contact_id IN {TREE} AND number < ?{clauses}"
        sql = f"{sql} ORDER BY 1 DESC LIMIT ?"
        return [number for (number,) in rows.all(sql, wanted.contact, before, *values, most)]
    if wanted.state is None and wanted.inbox is None:
        return [number for (number,) in rows.all(_NEWEST, before, most)]
    states = [wanted.state] if wanted.state is not None else list(ConversationState)
    places = [
        (state, inbox)
        for state in states
        for inbox in ([wanted.inbox] if wanted.inbox is not None else _inboxes(rows, state))
    ]
    return nlargest(most, (number for place in places for (number,) in rows.all(_LISTED, *place, before, most)))


def _inboxes(rows: Rows, state: str) -> list[str]:
    """The inboxes with conversations in this state: one step of the index for each."""
    return [inbox for (inbox,) in rows.all(_INBOXES, state) if inbox is not None]


_NUMBERED = f"{SELECT_CASE} WHERE c.number IN (SELECT value FROM json_each(?)) ORDER BY c.number DESC"
_NEWEST = "SELECT number FROM conversations WHERE number < ? ORDER BY number DESC LIMIT ?"
_LISTED = (
    "SELECT number FROM conversations WHERE state = ? AND inbox_id = ? AND number < ? ORDER BY number DESC LIMIT ?"
)
_INBOXES = (
    "WITH RECURSIVE i(id) AS (SELECT min(inbox_id) FROM conversations WHERE state = ?1 UNION ALL"
    " SELECT (SELECT min(inbox_id) FROM conversations WHERE state = ?1 AND inbox_id > i.id) FROM i"
    " WHERE i.id IS NOT NULL) SELECT id FROM i"
)


def messages(rows: Rows, conversation_id: str, after_sequence: int, limit: int) -> list[tuple[int, bytes]]:
    """Sequence and body of each, oldest first."""
    sql = both(
        f"SELECT h.sequence, m.body FROM {{history}} h {_MESSAGE} WHERE h.conversation = {OF_ID} AND h.sequence > ?2"
        f" AND e.type IN ({_CREATED})"
    )
    return rows.all(f"{sql} ORDER BY 1 LIMIT ?3", conversation_id, after_sequence, limit)


def timeline(rows: Rows, contact_id: str, after: int, limit: int) -> list[tuple[int, bytes]]:
    """Position and body of each message of all the contact's conversations, in the order of the feed; those of contacts
    that became part of it are its own.

    Where its events are stands in an index, of which all is sorted; the events themselves are read as far as needed.
    """
    found: list[tuple[int, bytes]] = []
    step = 2 * limit
    while len(found) < limit:
        positions = [position for (position,) in rows.all(_OF_CONTACT, contact_id, after, step)]
        found += rows.all(_MESSAGES_AT, listed(positions)) if positions else []
        if len(positions) < step:
            break
        after = positions[-1]
    return found[:limit]


_MESSAGE = "CROSS JOIN events e ON e.position = h.position CROSS JOIN messages m ON m.id = e.subject"
_CREATED = ", ".join(f"'{type_}'" for type_ in CREATED)
_OF_CONTACT = (
    both(
        "SELECT h.position FROM conversations c CROSS JOIN {history} h ON h.conversation = c.number"
        f" WHERE c.contact_id IN {TREE} AND h.position > ?2"
    )
    + " ORDER BY 1 LIMIT ?3"
)
_MESSAGES_AT = (
    "SELECT e.position, m.body FROM events e JOIN messages m ON m.id = e.subject"
    f" WHERE e.position IN (SELECT value FROM json_each(?)) AND e.type IN ({_CREATED}) ORDER BY e.position"
)


def contact(rows: Rows, contact_id: str) -> bytes | None:
    row = rows.one("SELECT body FROM contacts WHERE id = ?", contact_id)
    return row[0] if row else None


def contacts_at(rows: Rows, scheme: str, scopes: Sequence[str], value: str) -> list[bytes]:
    """The contacts with an identity at an address, in the order of the scopes; each once."""
    sql = (
        "SELECT c.id, c.body FROM identities i JOIN contacts c ON c.id = i.contact_id"
        " WHERE i.scheme = ? AND i.scope = ? AND i.value = ?"
    )
    found = [row for scope in scopes for row in rows.all(sql, scheme, scope, value)]
    return [bytes(body) for body in dict(found).values()]


def identities(rows: Rows, contact_id: str) -> tuple[Identity, ...]:
    sql = "SELECT id, contact_id, scheme, value, scope, proof FROM identities WHERE contact_id = ? ORDER BY id"
    return tuple(
        Identity(id=id_, contact_id=contact_id, scheme=scheme, value=value, scope=scope, proof=Proof(proof))
        for id_, contact_id, scheme, value, scope, proof in rows.all(sql, contact_id)
    )


def routes(rows: Rows, contact_id: str) -> tuple[Route, ...]:
    found = rows.all(f"{SELECT_WAY} WHERE i.contact_id = ? ORDER BY r.id", contact_id)
    return tuple(way_of(row).model() for row in found)


def attachment(rows: Rows, attachment_id: str) -> Attachment | None:
    sql = "SELECT id, sha256, media_type, size, name, state, error FROM attachments WHERE id = ?"
    row = rows.one(sql, attachment_id)
    if row is None:
        return None
    id_, sha256, media_type, size, name, state, error = row
    return Attachment(
        id=id_,
        sha256=sha256,
        media_type=media_type,
        size=size,
        name=name,
        state=AttachmentState(state),
        error=error,
    )


def lanes(rows: Rows) -> dict[str, Condition]:
    """How connectors do, by their names."""
    found = rows.all("SELECT connector_id, paused_until, paused_why, state, failures FROM lanes")
    return {connector: Condition(*condition) for connector, *condition in found}


def quarantine(rows: Rows, connector: str | None, state: str | None, before: str, limit: int) -> Sequence[Any]:
    """Newest first, below an id; its bytes stay where they are."""
    filters = {"connector_id = ?": connector, "state = ?": state}
    clauses = " AND ".join(["id < ?", *(clause for clause, value in filters.items() if value)])
    values = [value for value in filters.values() if value]
    return rows.all(f"{_QUARANTINE} WHERE {clauses} ORDER BY id DESC LIMIT ?", before, *values, limit)


def quarantined(rows: Rows, quarantine_id: str) -> Any | None:
    """One row of the same columns, and its bytes."""
    sql = _QUARANTINE.replace(" FROM ", ", slice FROM ")
    return rows.one(f"{sql} WHERE id = ?", quarantine_id)


def raw(rows: Rows, raw_id: str) -> Any | None:
    return rows.one("SELECT id, received_at, method, url, headers, body, sha256 FROM raws WHERE id = ?", raw_id)


_QUARANTINE = (
    "SELECT id, connector_id, raw_id, key, reason, state, created_at, replayed_at, length(slice) FROM quarantine"
)
