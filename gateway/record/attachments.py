"""The queue of files to fetch: rows of `attachments` that are pending and due, leased to who fetches them.

A lease moves `due_at` forward before the fetch begins, so that a crash makes the file due again by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.arrival import Place
from gateway.record.cases import Cases
from gateway.store.times import SECOND
from gateway.store.transaction import Transaction
from gateway.tracing import trace_of
from normalizer.errors import ErrorCode
from normalizer.events import AttachmentData
from normalizer.model import Attachment, AttachmentState

DUE = "SELECT DISTINCT connector_id FROM attachments WHERE state = 'pending' AND due_at <= ?"
"""The connectors that have files to fetch by a time."""
_CLAIM = (
    "SELECT id, source, media_type, name, attempts, created_at FROM attachments"
    " WHERE state = 'pending' AND connector_id = ? AND due_at <= ? ORDER BY due_at LIMIT ?"
)
_LEASE = "UPDATE attachments SET due_at = ? WHERE id = ? AND state = 'pending'"
_LATER = "UPDATE attachments SET due_at = ?, attempts = ?, error = ? WHERE id = ? AND state = 'pending'"
_FAILED = "UPDATE attachments SET state = 'failed', due_at = NULL, error = ? WHERE id = ? AND state = 'pending'"
_STORED = (
    "UPDATE attachments SET state = 'stored', due_at = NULL, error = NULL, sha256 = ?, size = ?, media_type = ?,"
    " name = ? WHERE id = ?"
)
_OWNER = (
    "SELECT m.id, m.conversation_id, NULLIF(CAST(e.body AS TEXT), '') ->> '$.traceparent' FROM attachments a"
    " JOIN message_heads m ON m.id = a.message_id LEFT JOIN events e ON e.position = m.position"
    " WHERE a.id = ? AND a.state = 'pending'"
)


@dataclass(frozen=True)
class Claim:
    connector_id: str
    room: int
    """How many are wanted at most."""
    seconds: float
    """How long they are leased."""


@dataclass(frozen=True)
class Wanted:
    """A file to fetch."""

    id: str
    source: str
    media_type: str
    name: str | None
    attempts: int
    created_at: int


@dataclass(frozen=True)
class Lease:
    id: str
    seconds: float


@dataclass(frozen=True)
class Stored:
    id: str
    place: Place
    sha256: str
    size: int
    media_type: str
    name: str | None


@dataclass(frozen=True)
class Later:
    id: str
    seconds: float
    attempts: int
    error: ErrorCode


@dataclass(frozen=True)
class Failed:
    id: str
    error: ErrorCode


Outcome = Stored | Later | Failed


def claim(transaction: Transaction, claims: Sequence[Claim]) -> list[list[Wanted]]:
    """Leases the files that are due longest."""
    results = []
    for wanted in claims:
        rows = transaction.rows(_CLAIM, wanted.connector_id, transaction.now_us, wanted.room)
        lease(transaction, [Lease(row[0], wanted.seconds) for row in rows])
        transaction.flush()
        results.append([Wanted(*row) for row in rows])
    return results


def lease(transaction: Transaction, leases: Sequence[Lease]) -> list[None]:
    """Keeps files for so much longer; no seconds hand them back."""
    for kept in leases:
        transaction.change(_LEASE, transaction.now_us + int(kept.seconds * SECOND), kept.id)
    return [None] * len(leases)


def settle(transaction: Transaction, outcomes: Sequence[Outcome]) -> list[None]:
    """Writes what became of fetches. A file that is no longer pending stays as it is, so the event is said once.

    `attachment.stored` is an event of the conversation's history. A failure is none: nothing was stored, and the
    message reads as it did; it shows in the attachment's `state` and `error`, the log and the metrics.
    """
    cases = Cases(transaction)
    for outcome in outcomes:
        match outcome:
            case Stored():
                _store(transaction, cases, outcome)
            case Later(id=id_, seconds=seconds, attempts=attempts, error=error):
                transaction.change(_LATER, transaction.now_us + int(seconds * SECOND), attempts, error, id_)
            case Failed(id=id_, error=error):
                transaction.change(_FAILED, error, id_)
    cases.save()
    return [None] * len(outcomes)


def _store(transaction: Transaction, cases: Cases, stored: Stored) -> None:
    transaction.flush()
    owner = transaction.row(_OWNER, stored.id)
    if owner is None:
        return
    message_id, conversation_id, parent = owner
    transaction.change(_STORED, stored.sha256, stored.size, stored.media_type, stored.name, stored.id)
    attachment = Attachment(
        id=stored.id,
        sha256=stored.sha256,
        media_type=stored.media_type,
        size=stored.size,
        name=stored.name,
        state=AttachmentState.STORED,
    )
    case = cases.get(conversation_id)
    data = AttachmentData(attachment=attachment, message_id=message_id)
    cases.emit(case, "attachment.stored", data, stored.id, cases.advance(case), stored.place, trace_of(parent))
