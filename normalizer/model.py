"""The model: the names that stand in code, API, bus and documentation.

Ids are UUIDv7 strings. Times are timezone-aware UTC, RFC 3339 on the wire; three clocks are kept apart:
`occurred_at` (the provider's), `received_at` (ours), `recorded_at` (the commit). Every value is frozen, and every field
is always present on the wire, so a consumer never has to ask whether a key exists.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from normalizer.context import Context
from normalizer.participants import Copied
from normalizer.parts import Action, Part
from normalizer.promise import Promise
from normalizer.status import Status

Time = Annotated[datetime, msgspec.Meta(tz=True)]


class Value(msgspec.Struct, frozen=True):
    """A value of the model."""


class Direction(StrEnum):
    IN = "in"
    OUT = "out"
    NOTE = "note"
    """Seen by agents only; leaves on no channel."""


class AuthorKind(StrEnum):
    CONTACT = "contact"
    AGENT = "agent"
    BOT = "bot"
    SYSTEM = "system"


class Purpose(StrEnum):
    REPLY = "reply"
    SERVICE = "service"
    NOTICE = "notice"
    MARKETING = "marketing"
    SURVEY = "survey"
    AUTO = "auto"


class Priority(StrEnum):
    EMERGENCY = "emergency"
    HIGH = "high"
    NORMAL = "normal"
    BULK = "bulk"


PRIORITY_RANK = {Priority.EMERGENCY: 0, Priority.HIGH: 1, Priority.NORMAL: 2, Priority.BULK: 3}
"""Smaller overtakes larger."""


class Proof(StrEnum):
    """How well an identity is linked to its contact, weakest first."""

    ASSERTED = "asserted"
    CHANNEL = "channel"
    VERIFIED = "verified"


PROOF_RANK = {Proof.ASSERTED: 0, Proof.CHANNEL: 1, Proof.VERIFIED: 2}


class Sharing(StrEnum):
    """What shares one open conversation in an inbox."""

    CONTACT = "contact"
    ADDRESS = "address"
    ROUTE = "route"


class ConversationKind(StrEnum):
    PERSONAL = "personal"
    GROUP = "group"


class ConversationState(StrEnum):
    OPEN = "open"
    SNOOZED = "snoozed"
    CLOSED = "closed"


class Visibility(StrEnum):
    PRIVATE = "private"
    PUBLIC = "public"


class ConsentState(StrEnum):
    OPTED_IN = "opted_in"
    OPTED_OUT = "opted_out"


class AttachmentState(StrEnum):
    PENDING = "pending"
    STORED = "stored"
    FAILED = "failed"
    BLOCKED = "blocked"


class Inbox(Promise, frozen=True, kw_only=True):
    """A brand: the connectors that share conversations, and by which rule they do."""

    id: str
    sharing: Sharing = Sharing.CONTACT
    reopen_within: int = 0
    """Seconds after closing within which a new message reopens the case instead of opening another."""


class Consent(Value, frozen=True, kw_only=True):
    channel: str
    purpose: Purpose | None
    """None: every purpose."""
    state: ConsentState
    source: str
    at: Time


class Contact(Value, frozen=True, kw_only=True):
    id: str
    external_id: str | None = None
    name: str | None = None
    locale: str | None = None
    timezone: str | None = None
    attributes: dict[str, str] = {}
    tags: tuple[str, ...] = ()
    vip: bool = False
    preferred_channels: tuple[str, ...] = ()
    organization: str | None = None
    consent: tuple[Consent, ...] = ()
    merged_into: str | None = None
    erased_at: Time | None = None


class ContactRef(Value, frozen=True, kw_only=True):
    """What an event tells of a contact."""

    id: str
    name: str | None = None
    tags: tuple[str, ...] = ()


class Identity(Value, frozen=True, kw_only=True):
    """An address of a contact. Unique by (scheme, scope, value)."""

    id: str
    contact_id: str
    scheme: str
    """`tel`, `mailto`, or a plugin's own."""
    value: str
    scope: str
    """`*` for proven tel and mailto, else the connector."""
    proof: Proof


class Route(Value, frozen=True, kw_only=True):
    """A way to a person: one connector, one identity, one thread there. Outlives conversations."""

    id: str
    connector_id: str
    identity_id: str
    channel: str
    address: str
    remote_thread: str | None = None
    visibility: Visibility = Visibility.PRIVATE
    conversation_id: str | None = None
    """Its current one."""
    last_inbound_at: Time | None = None
    window_until: Time | None = None
    blocked: bool = False


class Conversation(Value, frozen=True, kw_only=True):
    id: str
    number: int
    inbox_id: str
    contact_id: str | None
    kind: ConversationKind = ConversationKind.PERSONAL
    subject: str | None = None
    state: ConversationState = ConversationState.OPEN
    category: str | None = None
    labels: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL
    team: str | None = None
    assignee: str | None = None
    sequence: int = 0
    """Of its latest durable event."""
    reply_due_at: Time | None = None
    """Until when the customer's unanswered message is to be answered; may be past. None: nothing is promised."""
    read_up_to: int | None = None
    """The sequence up to which an agent has seen what the customer wrote; None: nobody said so yet."""
    merged_into: str | None = None
    opened_at: Time
    updated_at: Time
    closed_at: Time | None = None


class Author(Value, frozen=True, kw_only=True):
    kind: AuthorKind
    ref: str | None = None
    """A contact id, or the principal's own name for its agent or bot."""
    name: str | None = None


class Message(Value, frozen=True, kw_only=True):
    id: str
    conversation_id: str
    sequence: int
    """Of the event that created it."""
    direction: Direction
    author: Author
    route_id: str | None
    purpose: Purpose = Purpose.REPLY
    subject: str | None = None
    """As it came; ours have the conversation's."""
    copied: tuple[Copied, ...] = ()
    text: str
    """Always stands: who understands nothing else still reads correctly."""
    parts: tuple[Part, ...] = ()
    actions: tuple[Action, ...] = ()
    reply_to: str | None = None
    """Id of the message it answers."""
    occurred_at: Time
    received_at: Time
    recorded_at: Time
    client_ref: str | None = None
    external_ids: tuple[str, ...] = ()
    """The provider's ids; the first is the one later reports name."""
    auto: bool = False
    """Written by a machine; never answered by one."""
    trust: Proof | None = None
    context: Context | None = None
    language: str | None = None
    revision: int = 0
    edited_at: Time | None = None
    """When its present content was written, where that is not the first."""
    redacted_at: Time | None = None


class Attachment(Value, frozen=True, kw_only=True):
    id: str
    sha256: str | None
    media_type: str
    size: int | None
    """Octets."""
    name: str | None
    state: AttachmentState
    error: str | None = None


class PayloadState(Value, frozen=True, kw_only=True):
    """One provider request of a delivery."""

    n: int
    status: Status
    provider_id: str | None = None


class DeliveryError(Value, frozen=True, kw_only=True):
    code: str
    """One of `normalizer.errors.ErrorCode`."""
    detail: str
    provider_code: str | None = None


class Loss(Value, frozen=True, kw_only=True):
    """What a channel could not express, and what became of it."""

    what: str
    became: str


class DeliveryKind(StrEnum):
    MESSAGE = "message"
    EDIT = "edit"
    REACTION = "reaction"


class Delivery(Value, frozen=True, kw_only=True):
    id: str
    message_id: str
    route_id: str
    kind: DeliveryKind = DeliveryKind.MESSAGE
    attempt: int = 1
    status: Status = Status.QUEUED
    payloads: tuple[PayloadState, ...] = ()
    error: DeliveryError | None = None
    losses: tuple[Loss, ...] = ()
    why: str
    """Which rule chose this route."""
