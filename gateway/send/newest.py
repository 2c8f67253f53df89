"""The customer's newest message in a conversation: what an answer answers, and an emergency is about."""

from gateway.store.histories import OF_ID, both
from gateway.store.transaction import Transaction

_NEWEST = both(
    "SELECT h.sequence, m.id, r.connector_id FROM {history} h CROSS JOIN events e ON e.position = h.position"
    " CROSS JOIN message_heads m ON m.id = e.subject CROSS JOIN routes r ON r.id = m.route_id"
    f" WHERE h.conversation = {OF_ID} AND e.type = 'message.received' AND (?2 IS NULL OR r.connector_id = ?2)"
)


def newest(transaction: Transaction, conversation_id: str, connector_id: str | None = None) -> tuple[str, str] | None:
    """Its id and its connector's; through one connector where one is named. None where nothing was written."""
    row = transaction.row(f"{_NEWEST} ORDER BY 1 DESC LIMIT 1", conversation_id, connector_id)
    return None if row is None else (row[1], row[2])
