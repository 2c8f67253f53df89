"""What of a customer's own messages somebody has seen, as far as the customer may see them."""

from collections.abc import Iterable

from gateway.api.queries import Rows
from gateway.store.histories import TABLES
from gateway.store.transaction import listed
from gateway.web.chat.view import View

_MARKS = "SELECT id, read_up_to FROM conversations WHERE id IN (SELECT value FROM json_each(?)) AND read_up_to > 0"
_OWN_IN = {
    table: (
        f"SELECT h.position, m.id FROM {table} h CROSS JOIN events e ON e.position = h.position"
        " CROSS JOIN message_heads m ON m.id = e.subject WHERE h.conversation = ? AND h.sequence <= ?"
        " AND h.position IS NOT NULL"
        " AND e.type = 'message.received' AND (? OR m.route_id IN (SELECT value FROM json_each(?)))"
        " ORDER BY h.sequence DESC LIMIT 1"
    )
    for table in TABLES
}


def own_up_to(rows: Rows, view: View, conversation: str, sequence: int) -> tuple[int, str] | None:
    """Position and id of the newest message of the caller's in a conversation, up to a sequence."""
    span = view.conversations.get(conversation)
    if span is None or view.left:
        return None
    routes = listed(view.routes)
    found = (rows.one(_OWN_IN[table], span.number, sequence, view.whole, routes) for table in reversed(TABLES))
    return next((row for row in found if row is not None), None)  # the tail is newer


def seen_of(rows: Rows, view: View) -> str | None:
    """The newest message of the caller's that somebody has seen, in whichever conversation."""
    marks: Iterable[tuple[str, int]] = rows.all(_MARKS, listed(view.conversations))
    newest: tuple[int, str] | None = None
    for id_, sequence in sorted(marks, key=lambda mark: view.conversations[mark[0]].newest, reverse=True):
        if newest is not None and view.conversations[id_].newest < newest[0]:
            break
        if found := own_up_to(rows, view, id_, sequence):
            newest = max(newest or found, found)
    return None if newest is None else newest[1]
