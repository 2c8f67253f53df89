"""Conversations in hand during one transaction: each read once, changed in memory, written once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import msgspec

from gateway.arrival import Place
from gateway.ids import new_id
from gateway.record.timers import end_timer
from gateway.store import schema
from gateway.store.times import from_us
from gateway.store.transaction import Transaction, listed
from normalizer.events import ConversationData
from normalizer.model import Conversation, ConversationKind, ConversationState, Priority, Value


@dataclass(slots=True, eq=False)
class Case:
    """A row of `conversations`, with what its newest event tells, in the order of SELECT_CASE."""

    id: str
    number: int
    inbox_id: str
    contact_id: str | None
    kind: str
    sharing_key: str
    subject: str | None
    state: str
    category: str | None
    labels: str
    priority: str
    team: str | None
    assignee: str | None
    merged_into: str | None
    opened_at: int
    closed_at: int | None
    reply_due_at: int | None
    emergency_at: int | None
    """Since when it is one that nobody has taken."""
    told_at: int | None
    """When the customer was last told by itself."""
    read_up_to: int | None
    """The sequence up to which an agent has seen what the customer wrote."""
    sequence: int
    updated_at: int

    def model(self) -> Conversation:
        return Conversation(
            id=self.id,
            number=self.number,
            inbox_id=self.inbox_id,
            contact_id=self.contact_id,
            kind=ConversationKind(self.kind),
            subject=self.subject,
            state=ConversationState(self.state),
            category=self.category,
            labels=tuple(msgspec.json.decode(self.labels)),
            priority=Priority(self.priority),
            team=self.team,
            assignee=self.assignee,
            sequence=self.sequence,
            reply_due_at=None if self.reply_due_at is None else from_us(self.reply_due_at),
            read_up_to=self.read_up_to,
            merged_into=self.merged_into,
            opened_at=from_us(self.opened_at),
            updated_at=from_us(self.updated_at),
            closed_at=None if self.closed_at is None else from_us(self.closed_at),
        )


_COLUMNS = tuple(field.name for field in fields(Case))[:-2]
_NEWEST = "(SELECT h.position AS key FROM {} h WHERE h.conversation = c.number ORDER BY h.sequence DESC LIMIT 1)"
SELECT_CASE = (
    f"SELECT {', '.join(f'c.{name}' for name in _COLUMNS)}, e.sequence, e.recorded_at FROM conversations c"
    f" JOIN events e ON e.position = coalesce({_NEWEST.format('history_tail')}, {_NEWEST.format('history')})"
)
_HOLD = "SELECT id FROM conversations WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
_HOLD_SHARED = "SELECT id FROM conversations WHERE sharing_key = ? AND state <> 'closed'"
PRIORITIES: Mapping[str, Priority] = {str(priority): priority for priority in Priority}
CHANGEABLE = (
    *("subject", "state", "category", "labels", "priority", "team", "assignee", "merged_into", "closed_at"),
    *("reply_due_at", "emergency_at", "told_at", "read_up_to"),
)
WAIT = "reply"
"""The timer of a conversation whose customer waits for an answer (`gateway.service.waiting`)."""
_TAKE_PART = (
    "INSERT INTO participants (conversation_id, identity_id, role, since) SELECT ?, identity_id, role, since"
    " FROM participants WHERE conversation_id = ? ON CONFLICT (conversation_id, identity_id) DO NOTHING"
)
_REKEY = "UPDATE conversations SET contact_id = ?, sharing_key = ? WHERE id = ?"
MOST_MERGES = 1_000
"""How many conversations may have become one, one after the other."""
_CHANGE = f"UPDATE conversations SET {', '.join(f'{name} = ?' for name in CHANGEABLE)} WHERE id = ?"


class Cases:
    """The working set. `save` writes it; nothing is written before."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._cases: dict[str, Case] = {}
        self._new: list[Case] = []
        self._changed: set[Case] = set()
        self._rekeyed: set[Case] = set()

    def load(self, ids: Iterable[str]) -> None:
        """Prefetches in one statement."""
        missing = {id_ for id_ in ids if id_ not in self._cases and not self._remembered(id_)}
        if missing:
            sql = f"{SELECT_CASE} WHERE c.id IN (SELECT value FROM json_each(?))"
            ids = listed(missing)
            self._transaction.hold(_HOLD, ids)
            for row in self._transaction.rows(sql, ids):
                self._take(row)

    def _remembered(self, id_: str) -> bool:
        case = self._transaction.memory.get("case", id_)
        if case is not None:
            self._cases[id_] = case
        return case is not None

    def _take(self, row: tuple[Any, ...]) -> Case:
        """The case of a row, which may be in hand already, changed since."""
        if row[0] not in self._cases and not self._remembered(row[0]):
            self._cases[row[0]] = case = Case(*row)
            self._transaction.memory.keep("case", case.id, case)
        return self._cases[row[0]]

    def get(self, id_: str) -> Case:
        """Raises KeyError for an id that is no conversation's."""
        if id_ not in self._cases:
            self.load([id_])
        return self._cases[id_]

    def standing(self, id_: str) -> Case:
        """The conversation, or the one it was merged into. Raises KeyError for an id that is no conversation's."""
        case = self.get(id_)
        for _ in range(MOST_MERGES):
            if case.merged_into is None:
                break
            case = self.get(case.merged_into)
        return case

    def shared(self, sharing_key: str) -> Case | None:
        """The one that is not closed and has this sharing key."""
        for case in self._cases.values():
            if case.sharing_key == sharing_key and case.state != ConversationState.CLOSED:
                return case
        self._transaction.hold(_HOLD_SHARED, sharing_key)
        row = self._transaction.row(f"{SELECT_CASE} WHERE c.sharing_key = ? AND c.state <> 'closed'", sharing_key)
        return None if row is None else self._take(row)

    def open(
        self,
        place: Place,
        kind: str,
        sharing_key: str,
        contact_id: str | None,
        why: str,
        subject: str | None = None,
    ) -> Case:
        """A new conversation; `conversation.opened` is its first event."""
        now = self._transaction.now_us
        case = Case(
            id=new_id(),
            number=self._transaction.next_number(),
            inbox_id=place.inbox.id,
            contact_id=contact_id,
            kind=kind,
            sharing_key=sharing_key,
            subject=subject,
            state=ConversationState.OPEN,
            category=None,
            labels="[]",
            priority=Priority.NORMAL,
            team=None,
            assignee=None,
            sequence=0,
            merged_into=None,
            opened_at=now,
            updated_at=now,
            closed_at=None,
            reply_due_at=None,
            emergency_at=None,
            told_at=None,
            read_up_to=None,
        )
        self._cases[case.id] = case
        self._new.append(case)
        self.tell(case, "conversation.opened", None, why)
        return case

    def change(self, case: Case, why: str | None = None, **values: Any) -> None:
        """Sets columns of CHANGEABLE and says so by `conversation.updated` or `.closed`."""
        for name, value in values.items():
            assert name in CHANGEABLE, name
            setattr(case, name, value)
        self._changed.add(case)
        closed = values.get("state") == ConversationState.CLOSED
        if closed:
            self.wait_no_more(case)
        if case.priority != Priority.EMERGENCY:
            case.emergency_at = None
        self.tell(case, "conversation.closed" if closed else "conversation.updated", None, why)

    def note(self, case: Case, **values: int | None) -> None:
        """Sets columns of CHANGEABLE of which another event tells, or none."""
        for name, value in values.items():
            assert name in CHANGEABLE, name
            setattr(case, name, value)
        self._changed.add(case)

    def wait_no_more(self, case: Case) -> None:
        """No answer is due any more."""
        if case.reply_due_at is not None:
            self.note(case, reply_due_at=None, emergency_at=None)
            end_timer(self._transaction, WAIT, case.id)

    def merge(self, case: Case, into: Case, why: str) -> None:
        """Closes a conversation as part of another; `conversation.merged` is its last word."""
        case.state, case.merged_into, case.closed_at = ConversationState.CLOSED, into.id, self._transaction.now_us
        self.wait_no_more(case)
        self._changed.add(case)
        self._transaction.change(_TAKE_PART, into.id, case.id)
        self.tell(case, "conversation.merged", None, why)

    def rekey(self, case: Case, contact_id: str, sharing_key: str) -> None:
        """Makes it another contact's. Written apart, for it is indexed and rarely changes; who calls this says so."""
        case.contact_id, case.sharing_key = contact_id, sharing_key
        self._rekeyed.add(case)

    def advance(self, case: Case) -> int:
        """The sequence of the conversation's next event."""
        case.sequence += 1
        case.updated_at = self._transaction.now_us
        return case.sequence

    def tell(self, case: Case, type_: str, place: Place | None, why: str | None) -> None:
        """An event about the conversation itself."""
        sequence = self.advance(case)
        self.emit(case, type_, ConversationData(conversation=case.model(), why=why), case.id, sequence, place)

    def emit(
        self,
        case: Case,
        type_: str,
        data: Value | dict[str, Any],
        subject: str,
        sequence: int,
        place: Place | None = None,
        trace: str | None = None,
    ) -> int:
        """An event of the conversation's history, at the sequence `advance` gave; its position. `trace` as in
        `Transaction.emit`."""
        return self._transaction.emit(
            type_,
            data,
            source=f"/conversations/{case.id}",
            subject=subject,
            partition=case.id,
            conversation=case.number,
            sequence=sequence,
            priority=PRIORITIES[case.priority],
            channel=place.channel if place else None,
            connector=place.connector_id if place else None,
            inbox=case.inbox_id,
            trace=trace,
        )

    def save(self) -> None:
        """Hands everything to the transaction."""
        transaction = self._transaction
        for case in self._new:
            transaction.insert(schema.conversations, *(getattr(case, name) for name in _COLUMNS))
        new = set(self._new)
        for case in self._changed - new:
            transaction.save(_CHANGE, *(getattr(case, name) for name in CHANGEABLE), case.id)
        for case in self._rekeyed - new:
            transaction.save(_REKEY, case.contact_id, case.sharing_key, case.id)
        self._new.clear()
        self._changed.clear()
        self._rekeyed.clear()
