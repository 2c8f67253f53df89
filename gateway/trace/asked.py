"""What principals asked, by the names they gave it: a command's id, an `Idempotency-Key`, a `client_ref`."""

from collections.abc import Mapping

from gateway.store.times import SECOND
from gateway.trace.rows import Rows
from gateway.trace.searching import SKEW, window

MOST = 50_000
"""Of the newest answers of each kind, where a command's id is not kept any more."""
PREFIXES: Mapping[str, str] = {"command": "command:", "idempotency key": "key:", "client ref": "ref:"}
"""What the keys of each kind begin with."""
SUBSCRIPTION = "subscription:"
ANSWERS = ("command.accepted", "command.rejected")
_KEPT = (  # one step of the index for each principal, however many rows it has
    "WITH RECURSIVE p(id) AS (SELECT min(principal) FROM idempotency"
    " UNION ALL SELECT (SELECT min(principal) FROM idempotency WHERE principal > p.id) FROM p WHERE p.id IS NOT NULL)"
    " SELECT i.principal, i.created_at FROM p JOIN idempotency i ON i.principal = p.id AND i.key = ?"
)
_ANSWERS = (
    f"SELECT position, CAST(body AS TEXT) ->> '$.source' FROM events WHERE type IN {ANSWERS}"
    " AND position BETWEEN ? AND ? AND subject = ? ORDER BY position"
)
_NEWEST = (
    "SELECT position, CAST(body AS TEXT) ->> '$.source' FROM"
    " (SELECT position, subject, body FROM events WHERE type = ? ORDER BY position DESC LIMIT ?) AS newest"
    " WHERE subject = ?"
)


def asked_before(rows: Rows, kind: str, name: str) -> list[tuple[str, int]]:
    """Who asked under that name, and when (microseconds); kept for seven days."""
    return [(principal, at) for principal, at in rows(_KEPT, PREFIXES[kind] + name)]


def answered(rows: Rows, command_id: str) -> list[tuple[str, int]]:
    """The subscriptions whose command went by that id, each with the position of its answer."""
    found: dict[int, str] = {}
    for principal, at in asked_before(rows, "command", command_id):
        milliseconds = at * 1000 // SECOND
        first, last = window(rows, milliseconds - SKEW, milliseconds + SKEW)
        answers = rows(_ANSWERS, first, last, command_id)
        name = principal.removeprefix(SUBSCRIPTION)
        found |= {position: name for position, source in answers if source == f"/subscriptions/{name}"}
    return [(name, position) for position, name in sorted(found.items())]


def answered_lately(rows: Rows, command_id: str) -> list[tuple[str, int]]:
    """The same of a command whose id is not kept any more."""
    found = [row for type_ in ANSWERS for row in rows(_NEWEST, type_, MOST, command_id)]
    return [(source.rpartition("/")[2], position) for position, source in sorted(found)]
