"""When a wait becomes long: reminded of when the inbox's share of the target is over, overdue at the target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.arrival import Place
from gateway.live import LiveConnector
from gateway.record.cases import WAIT, Case, Cases
from gateway.record.timers import end_timer, set_timer
from gateway.service.said import Said, newest
from gateway.store.times import from_us
from gateway.store.transaction import Transaction
from gateway.tracing import trace_of
from normalizer.events import EmergencyData
from normalizer.model import ConversationState

_TIMER = "SELECT due_at FROM timers WHERE kind = ? AND subject = ?"


@dataclass(frozen=True)
class Late:
    """A conversation whose timer rang; the connectors as they are configured now."""

    conversation_id: str
    connectors: Mapping[str, LiveConnector]


@dataclass(frozen=True)
class Alarm:
    """An emergency that nobody took within its target."""

    conversation_id: str
    number: int
    inbox: str
    connector: str | None
    raised_at: str


def ring(transaction: Transaction, lates: Sequence[Late]) -> list[Alarm | None]:
    """Tells of each wait how long it has become; the alarm of an emergency that is overdue by now."""
    cases = Cases(transaction)
    alarms = [_ring(transaction, cases, late) for late in lates]
    cases.save()
    return alarms


def _ring(transaction: Transaction, cases: Cases, late: Late) -> Alarm | None:
    transaction.flush()
    timer = transaction.row(_TIMER, WAIT, late.conversation_id)
    if timer is None or timer[0] > transaction.now_us:
        return None  # it was answered, or set anew, while it rang
    end_timer(transaction, WAIT, late.conversation_id)
    try:
        case = cases.get(late.conversation_id)
    except KeyError:
        return None
    if case.reply_due_at is None or case.state == ConversationState.CLOSED:
        return None
    return _tell(transaction, cases, case, late)


def _tell(transaction: Transaction, cases: Cases, case: Case, late: Late) -> Alarm | None:
    assert case.reply_due_at is not None
    said = newest(transaction, case.number)
    live = late.connectors.get(said.connector or "")
    place = live.place if live else None
    overdue = transaction.now_us >= case.reply_due_at
    with transaction.tracing(trace_of(said.traceparent)):
        type_ = "reply.overdue" if overdue else "reply.due"
        cases.emit(case, type_, said.data, case.id, cases.advance(case), place)
        if not overdue:
            set_timer(transaction, WAIT, case.id, case.reply_due_at)
        elif case.emergency_at is not None:
            return _sound(cases, case, said, place)
    return None


def _sound(cases: Cases, case: Case, said: Said, place: Place | None) -> Alarm:
    assert case.emergency_at is not None
    assert case.reply_due_at is not None
    raised_at = from_us(case.emergency_at)
    data = EmergencyData(
        conversation_id=case.id,
        message_id=said.data.message_id,
        raised_at=raised_at,
        due_at=from_us(case.reply_due_at),
    )
    cases.emit(case, "emergency.overdue", data, case.id, cases.advance(case), place)
    return Alarm(case.id, case.number, case.inbox_id, said.connector, raised_at.isoformat())
