"""A customer who waits for an answer: since which message, until when, and what ends it.

The first unanswered message sets the time; those after it do not move it. An answer ends the wait, closing the
conversation too. What is emitted here is part of the transaction that recorded the message.
"""

from typing import TYPE_CHECKING

import msgspec

from gateway.arrival import Place
from gateway.record.cases import WAIT, Case
from gateway.record.timers import set_timer
from gateway.service.said import newest
from gateway.store.times import from_us, to_us
from normalizer.events import EmergencyData, ReplyData
from normalizer.model import Author, AuthorKind, Direction, Message, Priority, Purpose
from normalizer.service import Expected

if TYPE_CHECKING:
    from gateway.record.desk import Desk

ANSWERING = frozenset({AuthorKind.AGENT, AuthorKind.BOT})
ANSWERS = frozenset({Purpose.REPLY, Purpose.SERVICE})
"""What a customer takes for an answer; a campaign that happens to come meanwhile is none."""


def wait(desk: "Desk", place: Place, case: Case, message: Message, expected: Expected) -> None:
    """The customer waits from now on. What was due earlier, and is not past, stays due then."""
    due_at = to_us(expected.at)
    if case.reply_due_at is not None and desk.transaction.now_us < case.reply_due_at <= due_at:
        return
    desk.cases.note(case, reply_due_at=due_at)
    set_timer(desk.transaction, WAIT, case.id, to_us(expected.remind_at))
    data = ReplyData(
        conversation_id=case.id,
        message_id=message.id,
        priority=Priority(case.priority),
        target=expected.target,
        expected_at=expected.at,
        open=expected.open,
        opens_at=None if expected.open else expected.opens_at,
    )
    desk.cases.emit(case, "reply.expected", data, case.id, desk.cases.advance(case), place)


def alarm(desk: "Desk", place: Place, case: Case, message: Message, why: str, by: Author | None = None) -> None:
    """Somebody has to take it within its target, which `wait` set. `by` where not the customer called it one."""
    assert case.reply_due_at is not None
    desk.cases.note(case, emergency_at=desk.transaction.now_us)
    data = EmergencyData(
        conversation_id=case.id,
        message_id=message.id,
        raised_at=desk.transaction.now,
        due_at=from_us(case.reply_due_at),
        why=why,
        author=by,
    )
    desk.cases.emit(case, "emergency.raised", data, case.id, desk.cases.advance(case), place)


def answered(desk: "Desk", place: Place | None, case: Case, message: Message) -> None:
    """Ends the wait where a message is an answer. An emergency is answered by a person."""
    due_at, raised_at, author = case.reply_due_at, case.emergency_at, message.author
    if due_at is None or message.direction != Direction.OUT:
        return
    if author.kind not in ANSWERING or message.purpose not in ANSWERS or message.auto:
        return
    if raised_at is not None and author.kind == AuthorKind.BOT:
        return
    desk.cases.wait_no_more(case)
    if raised_at is not None:
        data = EmergencyData(
            conversation_id=case.id,
            message_id=message.id,
            raised_at=from_us(raised_at),
            due_at=from_us(due_at),
            author=author,
        )
        desk.cases.emit(case, "emergency.accepted", data, case.id, desk.cases.advance(case), place)


def take_over(desk: "Desk", case: Case, into: Case) -> None:
    """Before a conversation becomes part of another: what is due there is due here, if that is earlier."""
    raised = min(filter(None, (case.emergency_at, into.emergency_at)), default=None)
    told = max(filter(None, (case.told_at, into.told_at)), default=None)
    desk.cases.note(into, emergency_at=raised, told_at=told)
    if case.reply_due_at is None or (into.reply_due_at is not None and into.reply_due_at <= case.reply_due_at):
        return
    desk.transaction.flush()
    data = msgspec.structs.replace(newest(desk.transaction, case.number).data, conversation_id=into.id)
    desk.cases.note(into, reply_due_at=case.reply_due_at)
    set_timer(desk.transaction, WAIT, into.id, case.reply_due_at)
    desk.cases.emit(into, "reply.expected", data, into.id, desk.cases.advance(into))
