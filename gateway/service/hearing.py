"""A customer's message, as the service clock hears it: how urgent it is, until when it waits, what is said at once.

An inbox that promises nothing and says nothing costs nothing here, unless the sender calls it an emergency.
"""

from gateway.arrival import Arrival, Place
from gateway.record.cases import Case
from gateway.record.contacts import contact_of
from gateway.record.desk import Desk
from gateway.record.people import Way
from gateway.service.telling import tell
from gateway.service.waiting import alarm, wait
from normalizer.inbound import ConsentChanged, MessageReceived
from normalizer.model import PRIORITY_RANK, ConversationKind, Inbox, Message, Priority
from normalizer.parts import CallPart
from normalizer.service import expect, is_emergency

ASKED = "the sender called it an emergency"
WORD = "it has an emergency word"
URGENT = "the sender called it urgent"
VIP = "a VIP writes"
Urgency = tuple[Priority | None, str | None]
"""A priority, and why."""
NOTHING: Urgency = (None, None)


def triage(desk: Desk, place: Place, item: MessageReceived, way: Way, case: Case, new: bool) -> str | None:
    """Raises the conversation's priority where the message asks for it, before it is said; why it is an emergency.

    None also where it is one already that nobody has taken yet. `new`: nobody wrote on this route before.
    """
    inbox = place.inbox
    opened = case.opened_at == desk.transaction.now_us and not new
    begins = opened or (bool(inbox.targets) and case.reply_due_at is None)
    if item.priority is None and not inbox.emergency_words and not begins:
        return None
    if item.from_us or item.auto or case.kind != ConversationKind.PERSONAL:
        return None
    wanted, why = _asked(inbox, item)
    if wanted is None and begins and case.priority in (Priority.NORMAL, Priority.BULK):
        wanted, why = _known(desk, way)
    if wanted is not None and PRIORITY_RANK[wanted] < PRIORITY_RANK[Priority(case.priority)]:
        desk.cases.change(case, why, priority=wanted)
    return why if wanted is Priority.EMERGENCY and case.emergency_at is None else None


def _asked(inbox: Inbox, item: MessageReceived) -> Urgency:
    """What the message itself asks for."""
    if item.priority is Priority.EMERGENCY:
        return item.priority, ASKED
    if is_emergency(inbox, item.text):
        return Priority.EMERGENCY, WORD
    return (item.priority, URGENT) if item.priority is Priority.HIGH else NOTHING


def _known(desk: Desk, way: Way) -> Urgency:
    """What is known of who writes."""
    contact = contact_of(desk.transaction, way.contact.id)
    return (Priority.HIGH, VIP) if contact and contact.vip else NOTHING


def heard(
    desk: Desk, arrival: Arrival, item: MessageReceived, way: Way, case: Case, message: Message, raised: str | None
) -> None:
    """After the message: the wait begins, the alarm is given, the customer is told. `raised` is what `triage` said."""
    place = arrival.place
    inbox = place.inbox
    if raised is None and not inbox.targets and not inbox.texts:
        return
    if item.from_us or item.auto or case.kind != ConversationKind.PERSONAL or _is_keyword(arrival, item):
        return
    begins, expected = case.reply_due_at is None, None
    if begins or raised:
        expected = expect(inbox, place.channel, Priority(case.priority), desk.transaction.now)
    if expected:
        wait(desk, place, case, message, expected)
    if raised:
        alarm(desk, place, case, message, raised)
    if inbox.texts and not any(isinstance(part, CallPart) for part in item.parts):  # nobody is rung up by a machine
        tell(desk, place, item, way, case, expected if begins else None, raised is not None)


def _is_keyword(arrival: Arrival, item: MessageReceived) -> bool:
    """Whether it was for a machine, which took it for a word on consent: STOP is no question."""
    sender = item.peer.person.address
    told = (each.peer for each in arrival.inbound if isinstance(each, ConsentChanged))
    return any(peer is not None and peer.person.address == sender for peer in told)
