"""What a message is written into, for channels whose messages say so: the conversation's subject, the ids before it.

Somebody in copy knows neither: for them it is the subject of the newest message that was theirs or named them.
"""

from collections.abc import Sequence
from typing import NamedTuple

from gateway.record.contacts import root_of
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
_SUBJECT = (
    "SELECT c.subject, c.contact_id, i.contact_id, i.id FROM conversations c"
    " CROSS JOIN routes r JOIN identities i ON i.id = r.identity_id WHERE c.id = ? AND r.id = ?"
)
_message = decoder(Message)


class Thread(NamedTuple):
    subject: str | None = None
    references: tuple[str, ...] = ()
    """External ids of earlier messages on the same route, the oldest first."""


ALONE = Thread()
"""Of messages that carry neither."""


def thread_before(transaction: Transaction, message: Message, route_id: str) -> Thread:
    """As it stands in the store: what a claim may read."""
    subject, customer, owner, identity_id = transaction.rows(_SUBJECT, message.conversation_id, route_id)[0]
    sql = f"{_BEFORE} ORDER BY 1 DESC LIMIT ?3"
    rows = transaction.rows(sql, message.conversation_id, message.sequence, MOST_LOOKED_AT)
    earlier = [_message.decode(body) for _, body in reversed(rows)]
    names = (one.external_ids[0] for one in earlier if one.route_id == route_id and one.external_ids)
    if customer not in (None, owner) and root_of(transaction, customer) != owner:
        subject = _known_to(earlier, identity_id, route_id)
    return Thread(subject, tuple(names))


def _known_to(earlier: Sequence[Message], identity_id: str, route_id: str) -> str | None:
    """The subject somebody in copy has seen."""
    seen = (
        one.subject
        for one in reversed(earlier)
        if one.route_id == route_id or any(each.identity_id == identity_id for each in one.copied)
    )
    return next((subject for subject in seen if subject is not None), None)
