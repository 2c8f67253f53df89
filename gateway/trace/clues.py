"""From a name to what it names, and from there to the messages it is about."""

# ruff: noqa: S608 - statements are made of our own names; values are parameters

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gateway.trace.rows import Rows
from normalizer.addresses import InvalidAddress, handle, normalise
from normalizer.ids import uuid7

MOST = 20
"""Messages a story tells of, the newest; and conversations."""
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
NUMBER = re.compile(r"#([0-9]{1,15})")
SKEW = 60_000
"""Milliseconds by which the order of events may differ from that of their ids: a batch, two processes, a clock."""


class Clue(NamedTuple):
    """`name` is the key of its row: an id, or a connector and a name there."""

    kind: str
    name: tuple[str | int, ...]


BY_ID: Mapping[str, str] = {
    kind: f"SELECT id FROM {table} WHERE id = ?"
    for kind, table in (
        ("message", "messages"),
        ("delivery", "deliveries"),
        ("conversation", "conversations"),
        ("contact", "contacts"),
        ("identity", "identities"),
        ("route", "routes"),
        ("raw", "raws"),
        ("attachment", "attachments"),
        ("quarantine", "quarantine"),
        ("exchange", "exchanges"),
    )
}
_CONNECTORS = (  # one step of the index for each connector, however many rows it has
    "WITH RECURSIVE c(id) AS (SELECT min(connector_id) FROM {0}"
    " UNION ALL SELECT (SELECT min(connector_id) FROM {0} WHERE connector_id > c.id) FROM c WHERE c.id IS NOT NULL)"
    " SELECT {0}.connector_id, {0}.{1} FROM c JOIN {0} ON {0}.connector_id = c.id AND {0}.{1} = ?"
)
BY_NAME: Mapping[str, str] = {
    "dedupe key": _CONNECTORS.format("arrivals", "key"),
    "external id": _CONNECTORS.format("external_ids", "external_id"),
}
_PIECE_OF = (
    "SELECT a.message_id FROM fragments f JOIN arrivals a ON a.connector_id = f.connector_id"
    " AND a.key = 'fragment:' || f.grouping WHERE f.raw_id = ?"
)
NEXT: Mapping[str, Sequence[tuple[str, str]]] = {
    "delivery": [("message", "SELECT message_id FROM deliveries WHERE id = ?")],
    "attachment": [("message", "SELECT message_id FROM attachments WHERE id = ?")],
    "exchange": [
        ("delivery", "SELECT d.id FROM exchanges e JOIN deliveries d ON d.id = e.subject WHERE e.id = ?"),
        ("attachment", "SELECT a.id FROM exchanges e JOIN attachments a ON a.id = e.subject WHERE e.id = ?"),
    ],
    "event": [
        (kind, f"SELECT s.id FROM events e JOIN {table} s ON s.id = e.subject WHERE e.position = ?")
        for kind, table in (
            ("message", "messages"),
            ("attachment", "attachments"),
            ("conversation", "conversations"),
            ("route", "routes"),
            ("contact", "contacts"),
        )
    ],
    "external id": [
        ("message", "SELECT message_id FROM external_ids WHERE connector_id = ? AND external_id = ?"),
    ],
    "dedupe key": [
        ("message", "SELECT message_id FROM arrivals WHERE connector_id = ? AND key = ?"),
        ("raw", "SELECT raw_id FROM arrivals WHERE connector_id = ? AND key = ?"),
    ],
    "quarantine": [("raw", "SELECT raw_id FROM quarantine WHERE id = ?")],
    "raw": [
        ("message", "SELECT message_id FROM arrivals WHERE raw_id = ?"),
        ("message", _PIECE_OF),
    ],
    "identity": [
        ("contact", "SELECT contact_id FROM identities WHERE id = ?"),
        ("route", "SELECT id FROM routes WHERE identity_id = ?"),
    ],
    "route": [
        ("conversation", "SELECT conversation_id FROM routes WHERE id = ?"),
        ("contact", "SELECT i.contact_id FROM routes r JOIN identities i ON i.id = r.identity_id WHERE r.id = ?"),
    ],
    "contact": [
        ("conversation", f"SELECT id FROM conversations WHERE contact_id = ? ORDER BY number DESC LIMIT {MOST}"),
    ],
    "conversation": [
        (
            "message",
            (
                "SELECT m.id FROM events e CROSS JOIN messages m ON m.id = e.subject WHERE e.conversation_id = ?"
                f" AND e.type IN ('message.received', 'message.created') ORDER BY e.sequence DESC LIMIT {MOST + 1}"
            ),
        ),
    ],
}
"""What each kind leads to. Nothing leads from a message back: else every story were the customer's whole history."""


def find(rows: Rows, asked: str) -> list[Clue]:
    """Everything that goes by this name."""
    name = asked.strip()
    if ID.fullmatch(name.lower()):
        found = [Clue(kind, tuple(row)) for kind, sql in BY_ID.items() for row in rows(sql, name.lower())]
        found = found or [Clue("event", (position,)) for position in _positions(rows, name.lower())]
    else:
        found = [Clue(kind, tuple(row)) for kind, sql in BY_NAME.items() for row in rows(sql, name)]
        found += [Clue("identity", tuple(row)) for row in _at_address(rows, name)]
    if number := NUMBER.fullmatch(name):
        numbered = rows("SELECT id FROM conversations WHERE number = ?", int(number[1]))
        found += [Clue("conversation", tuple(row)) for row in numbered]
    return found or [Clue("contact", tuple(row)) for row in _by_handle(rows, name)]


def follow(rows: Rows, clues: Sequence[Clue]) -> dict[str, set[str]]:
    """What the clues lead to: names by kind, those of the clues among them."""
    seen = dict.fromkeys(clues)
    waiting = list(clues)
    while waiting:
        clue = waiting.pop()
        for kind, sql in NEXT.get(clue.kind, ()):
            for row in rows(sql, *clue.name):
                further = Clue(kind, tuple(row))
                if row[0] is not None and further not in seen:
                    seen[further] = None
                    waiting.append(further)
    led: dict[str, set[str]] = {}
    for kind, name in seen:
        led.setdefault(kind, set()).add(str(name[-1]))
    return led


def _at_address(rows: Rows, name: str) -> list[tuple[str]]:
    schemes = [scheme for (scheme,) in rows("SELECT DISTINCT scheme FROM identities")]
    values = {name, *_normalised({"tel", "mailto", *schemes}, name)}
    found = rows("SELECT id FROM identities WHERE value IN (SELECT value FROM json_each(?))", values)
    spelt = rows("SELECT identity_id FROM routes WHERE address = ?", name)
    return list(dict.fromkeys(tuple(row) for row in [*found, *spelt]))


def _normalised(schemes: set[str], name: str) -> Iterator[str]:
    for scheme in schemes:
        try:
            yield normalise(scheme, name)
        except InvalidAddress:  # not an address of this scheme, then
            continue


def _by_handle(rows: Rows, name: str) -> list[tuple[str]]:
    try:
        wanted = handle(name)
    except InvalidAddress:
        return []
    sql = "SELECT id FROM contacts WHERE lower(json_extract(CAST(body AS TEXT), '$.attributes.handle')) = ? LIMIT ?"
    return rows(sql, wanted, MOST)


def _positions(rows: Rows, event_id: str) -> list[int]:
    """The position of an event. Ids tell the time they were made, so only those of about that time are looked at."""
    made = int(event_id.replace("-", "")[:12], 16)
    ((oldest, newest),) = rows("SELECT min(position), max(position) FROM events")
    if newest is None:
        return []

    def first_since(milliseconds: int) -> int:
        bound = uuid7(milliseconds, 0)
        low, high = int(oldest), int(newest) + 1
        while low < high:
            middle = (low + high) // 2
            ((id_,),) = rows("SELECT id FROM events WHERE position >= ? ORDER BY position LIMIT 1", middle)
            low, high = (middle + 1, high) if id_ < bound else (low, middle)
        return low

    around = (first_since(max(0, made - SKEW)), first_since(made + SKEW))
    found = rows("SELECT position FROM events WHERE position BETWEEN ? AND ? AND id = ?", *around, event_id)
    return [position for (position,) in found]
