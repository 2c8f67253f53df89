"""From a name to what it names, and from there to the messages it is about."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gateway.record.desk import KEY
from gateway.send.pieces import read_token
from gateway.store.histories import OF_ID, both
from gateway.trace.asked import PREFIXES, answered, answered_lately, asked_before
from gateway.trace.requests import messages_of
from gateway.trace.rows import IN, Rows
from gateway.trace.searching import SKEW, events_since, made_at, newest_events, window
from gateway.tracing import id_behind, trace_named
from normalizer.addresses import InvalidAddress, handle, normalise

MOST = 20
"""Messages a story tells of, the newest; and conversations."""
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
NUMBER = re.compile(r"#([0-9]{1,15})")
NEARLY = 1_000
"""Milliseconds by which the order of events mostly differs from that of their ids."""


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
_AT_ROUTE = _CONNECTORS.format("routes", "address")
_NEXT_SPACE = "SELECT scheme, scope FROM identities WHERE (scheme, scope) > (?, ?) ORDER BY scheme, scope LIMIT 1"
_SUBJECTS = [
    (kind, f"SELECT s.id FROM events e JOIN {table} s ON s.id = e.subject WHERE e.position = ?")
    for kind, table in (
        ("message", "messages"),
        ("attachment", "attachments"),
        ("conversation", "conversations"),
        ("route", "routes"),
        ("contact", "contacts"),
    )
]
_ANSWER = "SELECT CAST(body AS TEXT) ->> '$.data.{0}' FROM events WHERE position = ?3 AND type = 'command.accepted'"
_KEPT = "SELECT message_id FROM idempotency WHERE principal = ? AND key = '{0}' || ?"
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
    "event": _SUBJECTS,
    "event of the trace": _SUBJECTS[:2],
    "command": [("message", _ANSWER.format("message_id")), ("delivery", _ANSWER.format("delivery_id"))],
    "idempotency key": [("message", _KEPT.format(PREFIXES["idempotency key"]))],
    "client ref": [("message", _KEPT.format(PREFIXES["client ref"]))],
    "external id": [
        ("message", "SELECT message_id FROM external_ids WHERE connector_id = ? AND external_id = ?"),
        ("message", f"SELECT message_id FROM arrivals WHERE connector_id = ? AND key = '{KEY}' || ?"),
    ],
    "dedupe key": [
        ("message", "SELECT message_id FROM arrivals WHERE connector_id = ? AND key = ?"),
        ("raw", "SELECT raw_id FROM arrivals WHERE connector_id = ? AND key = ?"),
    ],
    "quarantine": [("raw", "SELECT raw_id FROM quarantine WHERE id = ?")],
    "raw": [("message", _PIECE_OF)],
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
                "SELECT id FROM ("
                + both(
                    "SELECT h.sequence, m.id FROM {history} h CROSS JOIN events e ON e.position = h.position"
                    f" CROSS JOIN messages m ON m.id = e.subject WHERE h.conversation = {OF_ID}"
                    " AND e.type IN ('message.received', 'message.created')"
                )
                + f" ORDER BY 1 DESC LIMIT {MOST + 1}) AS newest"
            ),
        ),
    ],
}
"""What each kind leads to. Nothing leads from a message back: else every story were the customer's whole history."""

TOLD: Mapping[str, int | None] = {
    **dict.fromkeys(BY_ID),
    **dict.fromkeys(BY_NAME),
    **dict.fromkeys(("event", "trace", "idempotency key", "client ref")),
    "command": 2,
}
"""Kinds that are told as such, and how much of their names; events of a trace are told as events."""


def find(rows: Rows, asked: str) -> list[Clue]:
    """Everything that goes by this name."""
    name = asked.strip()
    for looks in FINDS:
        if found := [clue for look in looks for clue in look(rows, name)]:
            return found
    return []


def follow(rows: Rows, clues: Sequence[Clue]) -> dict[str, set[str]]:
    """What the clues lead to: names by kind, those of the clues among them."""
    seen = dict.fromkeys(clues)
    waiting = list(clues)
    while waiting:
        for further in _further(rows, waiting.pop()):
            if further.name[0] is not None and further not in seen:
                seen[further] = None
                waiting.append(further)
    led: dict[str, set[str]] = {}
    for kind, name in seen:
        led.setdefault(kind, set()).add(str(name[-1]))
    return led


def _further(rows: Rows, clue: Clue) -> Iterator[Clue]:
    for kind, sql in NEXT.get(clue.kind, ()):
        yield from (Clue(kind, tuple(row)) for row in rows(sql, *clue.name))
    if clue.kind == "raw":  # no one statement finds them
        yield from (Clue("message", row) for row in messages_of(rows, str(clue.name[0])))


def _by_id(rows: Rows, name: str) -> list[Clue]:
    id_ = name.lower()
    if not ID.fullmatch(id_):
        return []
    found = [Clue(kind, tuple(row)) for kind, sql in BY_ID.items() for row in rows(sql, id_)]
    return found or [Clue("event", (position,)) for position in _positions(rows, id_)]


def _by_name(rows: Rows, name: str) -> list[Clue]:
    found = [Clue(kind, tuple(row)) for kind, sql in BY_NAME.items() for row in rows(sql, name)]
    found += [Clue("external id", (connector, name)) for connector, _ in rows(BY_NAME["dedupe key"], KEY + name)]
    found += [Clue("command", (*answer[:1], name, answer[1])) for answer in answered(rows, name)]
    for kind in ("idempotency key", "client ref"):
        found += [Clue(kind, (principal, name)) for principal, _ in asked_before(rows, kind, name)]
    return list(dict.fromkeys(found))


def _by_number(rows: Rows, name: str) -> list[Clue]:
    number = NUMBER.fullmatch(name)
    numbered = rows("SELECT id FROM conversations WHERE number = ?", int(number[1])) if number else ()
    return [Clue("conversation", tuple(row)) for row in numbered]


def _by_token(rows: Rows, name: str) -> list[Clue]:
    """What a provider was given to tell one request of a delivery from the others."""
    token = read_token(name.lower())
    return [Clue("delivery", tuple(row)) for row in rows(BY_ID["delivery"], token[0])] if token else []


def _by_trace(rows: Rows, name: str) -> list[Clue]:
    """A trace that began here goes by an id, of a raw request mostly, which tells when."""
    trace = trace_named(name)
    id_ = id_behind(trace) if trace else None
    if trace is None or id_ is None:
        return []
    raws = [id_ for (id_,) in rows(BY_ID["raw"], id_)]
    return _of_trace(trace, raws, [event.position for event in events_since(rows, trace, made_at(id_))])


def _by_foreign_trace(rows: Rows, name: str) -> list[Clue]:
    trace = trace_named(name)
    if trace is None:
        return []
    events, raws = newest_events(rows, trace)
    return _of_trace(trace, raws, [event.position for event in events])


def _of_trace(trace: str, raws: Iterable[str], positions: Iterable[int]) -> list[Clue]:
    found = [Clue("raw", (id_,)) for id_ in raws]
    found += [Clue("event of the trace", (position,)) for position in positions]
    return [Clue("trace", (trace,)), *found] if found else []


def _by_answer(rows: Rows, name: str) -> list[Clue]:
    return [Clue("command", (subscription, name, position)) for subscription, position in answered_lately(rows, name)]


def _by_address(rows: Rows, name: str) -> list[Clue]:
    return [Clue("identity", row) for row in dict.fromkeys(tuple(row) for row in _at_address(rows, name))]


def _at_address(rows: Rows, name: str) -> Iterator[tuple[str]]:
    spaces = list(_spaces(rows))
    values = {name, *_normalised({"tel", "mailto", *(scheme for scheme, _ in spaces)}, name)}
    for space in spaces:
        yield from rows(f"SELECT id FROM identities WHERE scheme = ? AND scope = ? AND value {IN}", *space, values)
    for connector, address in rows(_AT_ROUTE, name):
        yield from rows("SELECT identity_id FROM routes WHERE connector_id = ? AND address = ?", connector, address)


def _spaces(rows: Rows) -> Iterator[tuple[str, str]]:
    """Each scheme with each of its scopes: one step of the index for each, however many addresses."""
    scheme = scope = ""
    while found := rows(_NEXT_SPACE, scheme, scope):
        ((scheme, scope),) = found
        yield scheme, scope


def _normalised(schemes: set[str], name: str) -> Iterator[str]:
    for scheme in schemes:
        try:
            yield normalise(scheme, name)
        except InvalidAddress:  # not an address of this scheme, then
            continue


def _by_handle(rows: Rows, name: str) -> list[Clue]:
    try:
        wanted = handle(name)
    except InvalidAddress:
        return []
    sql = "SELECT id FROM contacts WHERE lower(CAST(body AS TEXT) ->> '$.attributes.handle') = ? LIMIT ?"
    return [Clue("contact", tuple(row)) for row in rows(sql, wanted, MOST)]


def _positions(rows: Rows, event_id: str) -> list[int]:
    """The position of an event. Only those of about the time its id was made are looked at."""
    for skew in (NEARLY, SKEW):
        around = window(rows, made_at(event_id) - skew, made_at(event_id) + skew)
        if found := rows("SELECT position FROM events WHERE position BETWEEN ? AND ? AND id = ?", *around, event_id):
            return [position for (position,) in found]
    return []


FINDS: Sequence[Sequence[Callable[[Rows, str], list[Clue]]]] = (
    (_by_id,),
    (_by_name, _by_address, _by_number, _by_token, _by_trace),
    (_by_handle,),
    (_by_foreign_trace,),
    (_by_answer,),
)
"""Those that find nothing give way to the next, which look at more."""
