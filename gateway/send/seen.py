"""`conversation.read`: an agent has seen what the customer wrote, up to a message.

It only ever grows: what was seen stays seen, and what is seen already is no event. Conversations that became part of
the one that is read were read with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.record.cases import Case
from gateway.record.contacts import ROOT, TREE
from gateway.record.desk import Desk
from gateway.send.asks import Refusal, Rejected
from gateway.send.each import each
from gateway.store.histories import both
from gateway.store.transaction import Seen as Read
from gateway.store.transaction import Transaction
from gateway.tracing import trace_in_hand
from normalizer.commands import ReadConversation
from normalizer.events import ReadData
from normalizer.model import Author, Conversation

_NEWEST = both(
    "SELECT h.sequence, e.subject FROM {history} h CROSS JOIN events e ON e.position = h.position"
    " WHERE h.conversation = ?1 AND h.sequence > ?2 AND h.position <= ?3 AND e.type = 'message.received'"
)
_POSITION = "SELECT position FROM messages WHERE id = ?"
_ROOT = f"SELECT {ROOT}"
_PARTS = f"SELECT id FROM conversations WHERE contact_id IN {TREE} AND merged_into = ?2 ORDER BY number"


@dataclass(frozen=True)
class ReadOrder:
    """A command with who has read."""

    author: Author
    command: ReadConversation
    trace: str | None = field(default_factory=trace_in_hand)


@dataclass(frozen=True)
class Seen:
    conversation: Conversation
    message_id: str
    """The message that was named."""


def read(transaction: Transaction, orders: Sequence[ReadOrder]) -> list[Seen | Rejected]:
    """Notes each, or says why not; the conversation as it stands then."""
    return each(transaction, orders, _read)


def _read(desk: Desk, one: ReadOrder) -> Seen:
    command = one.command
    try:
        asked = desk.cases.standing(command.conversation_id)
    except KeyError:
        raise Refusal(404, "not_found", f"there is no conversation {command.conversation_id}") from None
    try:
        message = desk.message(command.up_to)
    except KeyError:
        raise Refusal(404, "not_found", f"up_to: there is no message {command.up_to}") from None
    case = desk.cases.get(message.conversation_id)
    if desk.cases.standing(case.id) is not asked:
        raise Refusal(422, "invalid_reference", "up_to: the message is of another conversation")
    row = desk.transaction.row(_POSITION, message.id)
    position = (row[0] if row else None) or 0
    for part in (*_parts(desk, case), case):
        _note(desk, one, part, position)
    return Seen(asked.model(), message.id)


def _parts(desk: Desk, case: Case) -> list[Case]:
    """The conversations that became part of one, the oldest of each generation first."""
    row = desk.transaction.row(_ROOT, case.contact_id) if case.contact_id else None
    found: list[Case] = []
    frontier = [case.id] if row else []
    while frontier:
        rows = [part for id_ in frontier for part in desk.transaction.rows(_PARTS, row and row[0], id_)]
        frontier = [id_ for (id_,) in rows]
        found += map(desk.cases.get, frontier)
    return found


def _note(desk: Desk, one: ReadOrder, case: Case, position: int) -> None:
    """Marks what the customer wrote up to a position of the feed, where something of it was unread."""
    sql = f"{_NEWEST} ORDER BY 1 DESC LIMIT 1"
    row = desk.transaction.row(sql, case.number, case.read_up_to or 0, position)
    if row is None:
        return
    sequence, message_id = row
    desk.transaction.seen.append(Read(case.number, case.read_up_to or 0, sequence))
    desk.cases.note(case, read_up_to=sequence)
    data = ReadData(conversation_id=case.id, message_id=message_id, read_up_to=sequence, author=one.author)
    desk.cases.emit(case, "conversation.read", data, case.id, desk.cases.advance(case))
