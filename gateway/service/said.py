"""What was said last of a wait: its `reply.expected`, as it stands in the feed."""

import msgspec

from gateway.store.histories import both
from gateway.store.transaction import Transaction
from normalizer.codec import decoder
from normalizer.events import ReplyData


class Said(msgspec.Struct, frozen=True, kw_only=True):
    data: ReplyData
    connector: str | None = None
    traceparent: str | None = None


_said = decoder(Said)
_NEWEST = both(
    "SELECT h.sequence, e.body FROM {history} h JOIN events e ON e.position = h.position"
    " WHERE h.conversation = ?1 AND e.type = 'reply.expected'"
)


def newest(transaction: Transaction, number: int) -> Said:
    """Of a conversation that waits, by its number; as committed or flushed."""
    rows = transaction.rows(f"{_NEWEST} ORDER BY 1 DESC LIMIT 1", number)
    return _said.decode(rows[0][1])
