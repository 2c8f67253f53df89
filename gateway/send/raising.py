"""`emergency.raise`: an agent or a bot says that a conversation is one.

Priority, timers and events are as when the customer says so; nothing is said to the customer, whom the agent answers.
"""

from collections.abc import Mapping

from gateway.arrival import Place
from gateway.live import LiveConnector
from gateway.record.cases import Case
from gateway.record.desk import Desk
from gateway.send.asks import Accepted, Order, Refusal
from gateway.send.newest import newest
from gateway.service.waiting import alarm, wait
from normalizer.commands import RaiseEmergency
from normalizer.errors import ErrorCode
from normalizer.model import ConversationKind, ConversationState, Message, Priority
from normalizer.service import expect


def raise_emergency(desk: Desk, one: Order) -> Accepted:
    """The customer's message it is about. What is an emergency that nobody took stays as it is. Raises Refusal."""
    command = one.command
    assert isinstance(command, RaiseEmergency)
    case = _case(desk, command.conversation_id)
    message, place = _about(desk, case, one.connectors)
    if case.emergency_at is not None:
        return Accepted(message, None, repeated=True)
    expected = expect(place.inbox, place.channel, Priority.EMERGENCY, desk.transaction.now)
    if expected is None:
        raise Refusal(409, "conflict", "the inbox has no target for emergencies")
    why = command.why or "an agent or bot called it an emergency"
    if case.priority != Priority.EMERGENCY:
        desk.cases.change(case, why, priority=Priority.EMERGENCY)
    wait(desk, place, case, message, expected)
    alarm(desk, place, case, message, why, one.author)
    return Accepted(message, None)


def _case(desk: Desk, conversation_id: str) -> Case:
    try:
        case = desk.cases.standing(conversation_id)
    except KeyError:
        raise Refusal(404, "not_found", f"there is no conversation {conversation_id}") from None
    if case.state == ConversationState.CLOSED:
        raise Refusal(409, "conflict", "the conversation is closed: open it first")
    if case.kind != ConversationKind.PERSONAL:
        raise Refusal(422, "invalid_target", "a group has no customer who waits")
    return case


def _about(desk: Desk, case: Case, connectors: Mapping[str, LiveConnector]) -> tuple[Message, Place]:
    """The customer's newest message, and where it came in."""
    found = newest(desk.transaction, case.id)
    if found is None:
        raise Refusal(409, "conflict", "the customer has written nothing yet that could be answered")
    message_id, connector_id = found
    if connector_id not in connectors:
        raise Refusal(422, ErrorCode.NO_ROUTE, f"the connector {connector_id} is configured no more")
    return desk.message(message_id), connectors[connector_id].place
