"""What a message is written into, for channels whose messages say so: the conversation's subject, the ids before it."""

from typing import NamedTuple

from gateway.store.histories import OF_ID, both
from gateway.store.transaction import Transaction
from normalizer.codec import decoder
from normalizer.model import Message

MOST_LOOKED_AT = 40
"""Messages of the conversation before it; those of other routes count, and are left out."""
_BEFORE = both(
    "SELECT h.sequence, m.body FROM {history} h CROSS JOIN events e ON e.position = h.position"
    f" CROSS JOIN messages m ON m.id = e.subject WHERE h.conversation = {OF_ID} AND h.sequence < ?2"
    " AND e.type IN ('message.received', 'message.created')"
)
_SUBJECT = "SELECT subject FROM conversations WHERE id = ?"
_message = decoder(Message)


class Thread(NamedTuple):
    subject: str | None = None
    references: tuple[str, ...] = ()
    """External ids of earlier messages on the same route, the oldest first."""


ALONE = Thread()
"""Of messages that carry neither."""


def thread_before(transaction: Transaction, message: Message, route_id: str) -> Thread:
    """As it stands in the store: what a claim may read."""
    row = transaction.row(_SUBJECT, message.conversation_id)
    sql = f"{_BEFORE} ORDER BY 1 DESC LIMIT ?3"
    rows = transaction.rows(sql, message.conversation_id, message.sequence, MOST_LOOKED_AT)
    earlier = [_message.decode(body) for _, body in reversed(rows)]
    names = (one.external_ids[0] for one in earlier if one.route_id == route_id and one.external_ids)
    return Thread(row[0] if row else None, tuple(names))
