"""Events in a few words."""

from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import replace

from gateway.telling import WORDS, words
from normalizer.calls import Call
from normalizer.codec import encode
from normalizer.events import (
    EVENTS,
    AttachmentData,
    CallData,
    ConnectorData,
    ConsentData,
    ContactData,
    ConversationData,
    DeliveryData,
    EmergencyData,
    MessageData,
    ReactionData,
    ReadData,
    RedactionData,
    ReplyData,
    RestoredData,
    RouteData,
)
from normalizer.model import (
    Attachment,
    AttachmentState,
    Author,
    AuthorKind,
    Consent,
    ConsentState,
    ContactRef,
    Conversation,
    Delivery,
    DeliveryError,
    DeliveryKind,
    Direction,
    Message,
    Priority,
    Route,
)
from normalizer.parts import CallStatus, LocationPart
from normalizer.status import Status

AT = datetime(2026, 11, 21, 10, tzinfo=UTC)
MESSAGE = Message(
    id="m",
    conversation_id="c",
    sequence=1,
    direction=Direction.IN,
    author=Author(kind=AuthorKind.CONTACT, name="Mina"),
    route_id=None,
    text="here",
    parts=(LocationPart(latitude=1, longitude=2),),
    occurred_at=AT,
    received_at=AT,
    recorded_at=AT,
)
DELIVERY = Delivery(
    id="d",
    message_id="m",
    route_id="r",
    kind=DeliveryKind.EDIT,
    attempt=2,
    status=Status.FAILED,
    error=DeliveryError(code="opted_out", detail="blocked"),
    why="named",
)
CONVERSATION = Conversation(id="c", number=1, inbox_id="main", contact_id=None, opened_at=AT, updated_at=AT)
CONSENT = Consent(channel="cage", purpose=None, state=ConsentState.OPTED_OUT, source="them", at=AT)
FILE = Attachment(id="a", sha256=None, media_type="image/png", size=1, name=None, state=AttachmentState.STORED)

REPLY = ReplyData(conversation_id="c", message_id="m", priority=Priority.HIGH, target=60, expected_at=AT, open=True)
EMERGENCY = EmergencyData(conversation_id="c", message_id="m", raised_at=AT, due_at=AT, why="a word")

CALL = Call(
    id="k",
    external_id="CA1",
    conversation_id="c",
    route_id="r",
    direction=Direction.IN,
    status=CallStatus.RINGING,
    started_at=AT,
)
WAY = Route(id="r", connector_id="s", identity_id="i", channel="voice", address="+44")
MINA = ContactRef(id="p", name="Mina")
ENDED = msgspec.structs.replace(CALL, status=CallStatus.COMPLETED, duration=192.0, ended_at=AT)


@pytest.mark.parametrize(
    ("type_", "data", "said"),
    [
        ("call.started", CallData(call=CALL, route=WAY, contact=MINA), "Mina: ringing"),
        ("call.ended", CallData(call=ENDED, route=WAY, contact=ContactRef(id="p")), "+44: completed, 3 min 12 s"),
        ("message.received", MessageData(message=MESSAGE, route=None, contact=None), "Mina: here [location]"),
        ("message.redacted", RedactionData(message_id="m", redacted_at=AT), "message m"),
        ("reaction.added", ReactionData(message_id="m", reaction="👍", author_kind="contact"), "contact: 👍"),
        ("delivery.updated", DeliveryData(delivery=DELIVERY), "edit failed, attempt 2: blocked (opted_out)"),
        ("conversation.opened", ConversationData(conversation=CONVERSATION, why="first"), "open: first"),
        (
            "conversation.read",
            ReadData(
                conversation_id="c", message_id="m", read_up_to=3, author=Author(kind=AuthorKind.AGENT, name="Ada")
            ),
            "Ada has read message m",
        ),
        (
            "route.added",
            RouteData(route=Route(id="r", connector_id="s", identity_id="i", channel="cage", address="7")),
            "cage 7",
        ),
        ("contact.created", ContactData(contact=ContactRef(id="k", name="Mina")), "Mina"),
        ("consent.changed", ConsentData(contact_id="k", route_id=None, consent=CONSENT), "opted_out on cage"),
        ("attachment.stored", AttachmentData(attachment=FILE, message_id="m"), "image/png stored"),
        (
            "feed.restored",
            RestoredData(epoch="9", kept="4", taken_at=AT),
            "as of 2026-11-21 10:00:00 UTC; what came after position 4 is gone",
        ),
        ("reply.due", REPLY, "high, until 2026-11-21 10:00:00 UTC"),
        ("emergency.raised", EMERGENCY, "until 2026-11-21 10:00:00 UTC: a word"),
        ("emergency.accepted", replace(EMERGENCY, author=Author(kind=AuthorKind.AGENT, name="Ada")), "Ada answers"),
        ("connector.down", ConnectorData(connector="s", state="down", reason="no key"), "down: no key"),
    ],
)
def test_an_event_is_told_in_a_few_words(type_, data, said):
    assert words(type_, encode(data)) == said


def test_there_are_words_for_every_event():
    assert WORDS.keys() == set(EVENTS.values())
