"""Events: what the feed publishes, as CloudEvents 1.0 (https://github.com/cloudevents/spec, read 2026-11).

`EVENTS` names every type and the shape of its `data`. Inside the hub a type goes by its short name
(`message.received`); on the wire it is `onethread.message.received.v1`. An additive change keeps `.v1`.
"""

from typing import Any

import msgspec

from normalizer.calls import Call
from normalizer.model import (
    Attachment,
    Author,
    Consent,
    ContactRef,
    Conversation,
    Delivery,
    Identity,
    Message,
    Priority,
    Route,
    Time,
    Value,
)
from normalizer.participants import Role
from normalizer.proving import Link

PREFIX = "onethread."
VERSION = ".v1"


class MessageData(Value, frozen=True, kw_only=True):
    message: Message
    route: Route | None
    contact: ContactRef | None
    truncated: bool = False
    """The text was cut to 16 KiB; the whole stands at `/v1/messages/{id}`."""


class RedactionData(Value, frozen=True, kw_only=True):
    message_id: str
    redacted_at: Time


class ReactionData(Value, frozen=True, kw_only=True):
    message_id: str
    reaction: str
    author_kind: str
    author: str | None = None


class DeliveryData(Value, frozen=True, kw_only=True):
    delivery: Delivery


class Participant(Value, frozen=True, kw_only=True):
    """Somebody who takes part in a conversation that is another's."""

    identity_id: str
    contact: ContactRef
    scheme: str
    address: str
    role: Role
    since: Time


class ConversationData(Value, frozen=True, kw_only=True):
    conversation: Conversation
    why: str | None = None
    participants: tuple[Participant, ...] | None = None
    """All of them, where the event is about them; else null."""


class ReadData(Value, frozen=True, kw_only=True):
    conversation_id: str
    message_id: str
    """The customer's newest message that an agent has seen, and all before it in the conversation."""
    read_up_to: int
    """Its sequence; only ever grows."""
    author: Author
    """Who has read."""


class ReplyData(Value, frozen=True, kw_only=True):
    conversation_id: str
    message_id: str
    """The customer's message that waits."""
    priority: Priority
    target: float
    """Seconds within which it is to be answered: of opening hours, of an emergency on the clock."""
    expected_at: Time
    open: bool
    """Whether it came within the channel's opening hours."""
    opens_at: Time | None = None
    """The next opening, where it did not; null where none is known."""


class EmergencyData(Value, frozen=True, kw_only=True):
    conversation_id: str
    message_id: str
    """The customer's that raised it; of `emergency.accepted`, the one that answers it."""
    raised_at: Time
    due_at: Time
    why: str | None = None
    """Of `emergency.raised`: what made it one."""
    author: Author | None = None
    """Of `emergency.accepted`: who answers it; of `emergency.raised`: who raised it, where not the customer did."""


class CallData(Value, frozen=True, kw_only=True):
    call: Call
    """As it stands with this event."""
    route: Route
    contact: ContactRef


class RouteData(Value, frozen=True, kw_only=True):
    route: Route


class ContactData(Value, frozen=True, kw_only=True):
    contact: ContactRef
    identities: tuple[Identity, ...] = ()
    """Those that came or changed with this event."""


class MergeData(Value, frozen=True, kw_only=True):
    contact: ContactRef
    """Who stays; of `contact.unmerged`, of whom the other was a part."""
    merged: ContactRef
    """Who became part of it; of `contact.unmerged`, who is a contact of its own again."""
    identities: tuple[Identity, ...]
    """Those that changed hands, as they stand now."""
    why: str


class VerificationData(Value, frozen=True, kw_only=True):
    link: Link
    why: str | None = None
    """Of `verification.failed`: `wrong_code` too often, `expired`, `superseded` by a newer one, or `conflict`: the two
    must stay two."""


class ConsentData(Value, frozen=True, kw_only=True):
    contact_id: str
    route_id: str | None
    consent: Consent


class AttachmentData(Value, frozen=True, kw_only=True):
    attachment: Attachment
    message_id: str | None


class ConnectorData(Value, frozen=True, kw_only=True):
    connector: str
    state: str
    reason: str | None = None
    remedy: str | None = None


class RestoredData(Value, frozen=True, kw_only=True):
    """The feed goes on as it was in a backup; what was committed after that is gone."""

    epoch: str
    """The position of this event: a decimal string."""
    kept: str
    """The newest position of before that still stands. What a reader has of later ones, before this, is no more."""
    taken_at: Time
    """When the backup was taken."""


class Problem(Value, frozen=True, kw_only=True):
    """Why not, as `application/problem+json` has it (https://www.rfc-editor.org/rfc/rfc9457, read 2026-11)."""

    type: str
    """`urn:onethread:problem:` and the code."""
    title: str
    status: int
    """As HTTP would have answered."""
    detail: str
    code: str
    """A word that is the same in every language and release."""


class AcceptanceData(Value, frozen=True, kw_only=True):
    command_id: str
    """Id of the CloudEvent that was the command."""
    type: str
    """Its type, as it came."""
    subscription: str
    """Whose command it was."""
    message_id: str | None
    """The message it made, or is about; null where it is about people."""
    delivery_id: str | None
    """What carries it to the provider, where something must."""
    contact_id: str | None = None
    """Of a command about people: the contact as it is now."""
    repeated: bool = False
    """It was accepted before; nothing was done again."""


class RejectionData(Value, frozen=True, kw_only=True):
    command_id: str
    """Id of the CloudEvent that was the command; where it had none, that of the message on the bus, or one made up."""
    type: str
    """Its type, as it came; empty where it had none."""
    subscription: str
    """Whose command it was."""
    problem: Problem
    repeated: bool = False
    """It was rejected before, and is not looked at again."""


EVENTS: dict[str, type[Value]] = {
    "message.received": MessageData,
    "message.created": MessageData,
    "message.edited": MessageData,
    "message.redacted": RedactionData,
    "reaction.added": ReactionData,
    "reaction.removed": ReactionData,
    "delivery.updated": DeliveryData,
    "conversation.opened": ConversationData,
    "conversation.updated": ConversationData,
    "conversation.closed": ConversationData,
    "conversation.merged": ConversationData,
    "conversation.read": ReadData,
    "reply.expected": ReplyData,
    "reply.due": ReplyData,
    "reply.overdue": ReplyData,
    "emergency.raised": EmergencyData,
    "emergency.accepted": EmergencyData,
    "emergency.overdue": EmergencyData,
    "call.started": CallData,
    "call.updated": CallData,
    "call.ended": CallData,
    "route.added": RouteData,
    "route.closed": RouteData,
    "contact.created": ContactData,
    "contact.updated": ContactData,
    "contact.merged": MergeData,
    "contact.unmerged": MergeData,
    "verification.requested": VerificationData,
    "verification.passed": VerificationData,
    "verification.failed": VerificationData,
    "consent.changed": ConsentData,
    "attachment.stored": AttachmentData,
    "connector.up": ConnectorData,
    "connector.degraded": ConnectorData,
    "connector.down": ConnectorData,
    "feed.restored": RestoredData,
    "command.accepted": AcceptanceData,
    "command.rejected": RejectionData,
}


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A CloudEvent as it is stored and sent. `position` and `previous` are written in when it is read.

    Extensions: `sequence` counts the conversation's events and is zero-padded so that it sorts as text; `position` is
    the feed's, a decimal string; `partitionkey` names what must stay in order.
    """

    # A factory, because `omit_defaults` would leave a plain default off the wire, where CloudEvents requires it.
    specversion: str = msgspec.field(default_factory=lambda: "1.0")
    id: str
    type: str
    source: str
    subject: str
    time: Time
    datacontenttype: str = msgspec.field(default_factory=lambda: "application/json")
    sequence: str | None = None
    partitionkey: str
    priority: str
    channel: str | None = None
    connector: str | None = None
    inbox: str | None = None
    traceparent: str | None = None
    position: str | None = None
    data: Any
    """The shape `EVENTS` names for the type; bytes as stored (`msgspec.Raw`) once it was written."""


def wire_type(short: str) -> str:
    """`message.received` → `onethread.message.received.v1`."""
    return f"{PREFIX}{short}{VERSION}"


def short_type(wire: str) -> str:
    """`onethread.message.received.v1` → `message.received`."""
    return wire.removeprefix(PREFIX).removesuffix(VERSION)
