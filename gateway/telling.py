"""Events in a few words, for people who look on: `Mina: hello`, `accepted`, `open: the first message`.

The words are data: whoever prints them on a terminal takes out what strangers may have put in.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from normalizer.calls import spoken
from normalizer.codec import decoder
from normalizer.events import (
    EVENTS,
    AcceptanceData,
    AttachmentData,
    CallData,
    ConnectorData,
    ConsentData,
    ContactData,
    ConversationData,
    DeliveryData,
    EmergencyData,
    MergeData,
    MessageData,
    ReactionData,
    ReadData,
    RedactionData,
    RejectionData,
    ReplyData,
    RestoredData,
    RouteData,
    VerificationData,
)
from normalizer.model import Delivery, Message, Time, Value


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """An event as the feed gives it, its `data` untouched."""

    id: str
    type: str
    source: str
    subject: str
    time: Time
    sequence: str | None = None
    connector: str | None = None
    data: msgspec.Raw


def words(type_: str, data: bytes | msgspec.Raw) -> str:
    """What an event of this short type says. Raises KeyError for no type of ours, ValidationError for other data."""
    kind = EVENTS[type_]
    return WORDS[kind](decoder(kind).decode(data))


def _message(data: MessageData) -> str:
    return said(data.message)


def said(message: Message) -> str:
    """Who, and what: `Mina: hello`."""
    parts = " ".join(f"[{part.__struct_config__.tag}]" for part in message.parts)
    content = " ".join(filter(None, [message.text, parts])) if message.redacted_at is None else "(deleted)"
    return f"{message.author.name or message.author.kind}: {content}"


def stands(delivery: Delivery) -> str:
    """How a delivery stands, and why it failed: `failed: blocked by the user (opted_out)`."""
    attempt = f", attempt {delivery.attempt}" if delivery.attempt > 1 else ""
    error = f": {delivery.error.detail} ({delivery.error.code})" if delivery.error else ""
    kind = "" if delivery.kind == "message" else f"{delivery.kind} "
    return f"{kind}{delivery.status}{attempt}{error}"


def _because(state: str, why: str | None) -> str:
    return f"{state}: {why}" if why else state


def _emergency(data: EmergencyData) -> str:
    if data.author:
        return f"{data.author.name or data.author.kind} answers"
    return _because(f"until {_moment(data.due_at)}", data.why)


def _call(data: CallData) -> str:
    call = data.call
    whom = f"{data.contact.name or data.route.address}: {call.status}"
    return f"{whom}, {spoken(call.duration)}" if call.duration is not None else whom


def _moment(time: Time) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


WORDS: dict[type[Value], Callable[[Any], str]] = {
    MessageData: _message,
    RedactionData: lambda data: f"message {data.message_id}",
    ReactionData: lambda data: f"{data.author_kind}: {data.reaction}",
    DeliveryData: lambda data: stands(data.delivery),
    ConversationData: lambda data: _because(data.conversation.state, data.why),
    ReadData: lambda data: f"{data.author.name or data.author.kind} has read message {data.message_id}",
    ReplyData: lambda data: f"{data.priority}, until {_moment(data.expected_at)}",
    RestoredData: lambda data: f"as of {_moment(data.taken_at)}; what came after position {data.kept} is gone",
    EmergencyData: _emergency,
    CallData: _call,
    RouteData: lambda data: f"{data.route.channel} {data.route.address}",
    ContactData: lambda data: data.contact.name or data.contact.id,
    MergeData: lambda data: _because(f"{data.contact.id} and {data.merged.id}", data.why),
    VerificationData: lambda data: _because(f"{data.link.address} {data.link.state}", data.why),
    ConsentData: lambda data: f"{data.consent.state} on {data.consent.channel}",
    AttachmentData: lambda data: f"{data.attachment.name or data.attachment.media_type} {data.attachment.state}",
    ConnectorData: lambda data: _because(data.state, data.reason),
    AcceptanceData: lambda data: f"{data.type} {data.command_id}",
    RejectionData: lambda data: _because(f"{data.type} {data.command_id}", data.problem.detail),
}
