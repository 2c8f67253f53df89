"""What a message points to: one of ours whose token came back, or an earlier one of its thread.

A sender can forge a reference and steal a reply address, so both count only for the identity ours was sent to
(`normalizer.belonging`).
"""

from gateway.arrival import Place
from gateway.record.desk import Desk, Known, Thread
from gateway.send.pieces import read_token
from normalizer.inbound import MessageReceived

MOST_REFERENCES = 20
"""The nearest; mail programs keep a whole thread's."""
_SENT = (
    "SELECT d.conversation_id, r.identity_id FROM deliveries d JOIN routes r ON r.id = d.route_id"
    " WHERE d.id = ? AND d.connector_id = ?"
)
_OWNER = "SELECT identity_id FROM routes WHERE id = ?"


def named_ids(item: MessageReceived) -> tuple[str, ...]:
    """The external ids a message names, to be looked up beforehand."""
    own = (item.reply_to,) if item.reply_to else ()
    return own + item.references[:MOST_REFERENCES]


def thread_of(desk: Desk, place: Place, item: MessageReceived, quoted: Known | None) -> Thread | None:
    """Where the reply token leads; else, of what the message refers to, the nearest we know."""
    by_token = _by_token(desk, place, item.reply_token) if item.reply_token else None
    if by_token is not None or quoted is not None:
        return by_token
    known = (desk.known(place, name) for name in item.references[:MOST_REFERENCES])
    nearest = next((one for one in known if one is not None and one.route_id is not None), None)
    if nearest is None:
        return None
    row = desk.transaction.row(_OWNER, nearest.route_id)
    return Thread(nearest.conversation_id, row[0]) if row else None


def _by_token(desk: Desk, place: Place, token: str) -> Thread | None:
    found = read_token(token)
    row = desk.transaction.row(_SENT, found[0], place.connector_id) if found else None
    return Thread(*row) if row else None
