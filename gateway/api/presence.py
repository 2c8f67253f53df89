"""Who is writing just now, of those who are connected to the hub itself."""

from gateway.api import queries
from gateway.api.problems import not_found
from gateway.api.route import Call, Route
from gateway.api.shapes import Strict
from gateway.board import Seat
from gateway.keys import Scope

_ROUTES = "SELECT id, connector_id, address FROM routes WHERE conversation_id = ? ORDER BY id"


class TypingAnswer(Strict, frozen=True, kw_only=True):
    routes: tuple[str, ...]
    """Those whose customer writes; each is forgotten eight seconds after it was last said."""


def typing(call: Call) -> TypingAnswer:
    """Raises Problem: 404."""
    with queries.snapshot(call.hub.engine) as rows:
        if queries.conversation(rows, call.id) is None:
            raise not_found("conversation")
        found = rows.all(_ROUTES, call.id)
    board = call.hub.board
    return TypingAnswer(routes=tuple(id_ for id_, *seat in found if board.writes(Seat(*seat))))


PRESENCE = (
    Route(
        method="GET",
        path="/v1/conversations/{id}/typing",
        do=typing,
        scope=Scope.READ,
        summary="Whether a customer is writing",
        about="Of channels where the hub keeps the customers' connections itself. It is stored nowhere and no event:"
        " whoever shows it asks every few seconds while a conversation is open.",
        answer=TypingAnswer,
    ),
)
