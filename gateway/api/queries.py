"""What the API reads of the store. Every statement walks an index and is bounded by a page."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Engine

from gateway.record.cases import COLUMNS as CASE_COLUMNS
from gateway.record.cases import Case
from gateway.record.people import SELECT_WAY, way_of
from gateway.send.standing import SELECT as SELECT_PARCEL
from gateway.send.standing import Parcel
from normalizer.model import Attachment, AttachmentState, Conversation, Delivery, Identity, Proof, Route

SCANNED = 5_000
"""How many conversations one call looks at for those that a filter wants."""
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
    connection = engine.raw_connection()
    try:
        with closing(connection.cursor()) as cursor:
            cursor.execute("BEGIN")
            yield Rows(cursor)
    finally:
        connection.close()  # back to the pool, which ends the transaction


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
    row = rows.one(f"SELECT {CASE_COLUMNS} FROM conversations WHERE id = ?", conversation_id)
    return Case(*row).model() if row else None


def conversations(rows: Rows, wanted: Filter, before: int, limit: int) -> tuple[list[Conversation], int | None]:
    """Up to `limit` with numbers below `before`, newest first; and the number to go on below, if any are left."""
    by_contact = "contact_id = ? AND " if wanted.contact else ""
    walk = f"SELECT {CASE_COLUMNS} FROM conversations WHERE {by_contact}number < ? ORDER BY number DESC LIMIT ?"
    filtered = wanted.state is not None or wanted.inbox is not None
    found: list[Conversation] = []
    most = SCANNED if filtered else limit + 1
    number = before
    walked = rows.all(walk, *filter(None, [wanted.contact]), before, most)
    for row in walked:
        case = Case(*row)
        if len(found) == limit:
            return found, number
        number = case.number
        if wanted.state in (None, case.state) and wanted.inbox in (None, case.inbox_id):
            found.append(case.model())
    return found, number if len(walked) == most else None


def messages(rows: Rows, conversation_id: str, after_sequence: int, limit: int) -> list[tuple[int, bytes]]:
    """Sequence and body of each, oldest first."""
    marks = ", ".join("?" * len(CREATED))
    sql = (
        "SELECT e.sequence, m.body FROM events e CROSS JOIN messages m ON m.id = e.subject"
        f" WHERE e.conversation_id = ? AND e.sequence > ? AND e.type IN ({marks}) ORDER BY e.sequence LIMIT ?"
    )
    return rows.all(sql, conversation_id, after_sequence, *CREATED, limit)


def timeline(rows: Rows, contact_id: str, after: int, limit: int) -> list[tuple[int, bytes]]:
    """Position and body of each message of all the contact's conversations, in the order of the feed."""
    marks = ", ".join("?" * len(CREATED))
    sql = (
        "SELECT e.position, m.body FROM conversations c CROSS JOIN events e ON e.conversation_id = c.id"
        " CROSS JOIN messages m ON m.id = e.subject"
        f" WHERE c.contact_id = ? AND e.position > ? AND e.type IN ({marks}) ORDER BY e.position LIMIT ?"
    )
    return rows.all(sql, contact_id, after, *CREATED, limit)


def contact(rows: Rows, contact_id: str) -> bytes | None:
    row = rows.one("SELECT body FROM contacts WHERE id = ?", contact_id)
    return row[0] if row else None


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


def lanes(rows: Rows) -> dict[str, tuple[int | None, str | None, bool]]:
    """Until when and why a connector is paused, and whether it is down, by its name."""
    found = rows.all("SELECT connector_id, paused_until, paused_why, down FROM lanes")
    return {connector: (until, why, bool(down)) for connector, until, why, down in found}


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


def quarantine_open(rows: Rows) -> int:
    """How many items wait for a fix."""
    return int(rows.all("SELECT count(*) FROM quarantine WHERE state = 'open'")[0][0])


def paused_lanes(rows: Rows, at: int) -> set[str]:
    """The connectors that nothing leaves at this time."""
    return {row[0] for row in rows.all("SELECT connector_id FROM lanes WHERE paused_until > ?", at)}


def raw(rows: Rows, raw_id: str) -> Any | None:
    return rows.one("SELECT id, received_at, method, url, headers, body FROM raws WHERE id = ?", raw_id)


_QUARANTINE = (
    "SELECT id, connector_id, raw_id, key, reason, state, created_at, replayed_at, length(slice) FROM quarantine"
)
