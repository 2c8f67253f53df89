"""Timers as the store keeps them: what is due when, by kind and subject. `gateway.clock` runs them."""

from gateway.store.transaction import Transaction

_SET = (
    "INSERT INTO timers (kind, subject, due_at) VALUES (?, ?, ?)"
    " ON CONFLICT (kind, subject) DO UPDATE SET due_at = excluded.due_at"
)
_END = "DELETE FROM timers WHERE kind = ? AND subject = ?"


def subject_of(connector_id: str, rest: str) -> str:
    """How a timer of a connector is named; `split_subject` takes it apart."""
    return f"{connector_id}\n{rest}"


def split_subject(subject: str) -> tuple[str, str]:
    connector_id, _, rest = subject.partition("\n")
    return connector_id, rest


def set_timer(transaction: Transaction, kind: str, subject: str, due_at: int) -> None:
    """Sets a timer, or sets it anew; `due_at` in microseconds."""
    transaction.change(_SET, kind, subject, due_at)
    transaction.wake("timers")


def end_timer(transaction: Transaction, kind: str, subject: str) -> None:
    transaction.change(_END, kind, subject)
