"""What a plugin is given to send, and what it says of having sent it. Also found in `connectors.kit.base`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from normalizer.inbound import Address
from normalizer.payload import Payload
from normalizer.status import Status


@dataclass(frozen=True)
class File:
    """A stored file a payload carries."""

    attachment_id: str
    path: Path
    media_type: str
    name: str
    size: int
    url: str | None = None
    """Opens the file without a key for some days, for providers that fetch what they send."""


@dataclass(frozen=True)
class Outbound:
    """One provider request: a payload to an address."""

    token: str
    """Unique per delivery and payload; goes along where the provider echoes or deduplicates by it."""
    address: Address
    payload: Payload
    thread: str | None = None
    reply_to: str | None = None
    """External id of the message quoted."""
    subject: str | None = None
    """Of the conversation; this and `references` only for channels with `capability.threads`."""
    references: tuple[str, ...] = ()
    """External ids of the conversation's earlier messages on this route, the oldest first."""
    to: Address | None = None
    """Whom the message is to, where this goes to somebody in copy."""
    copied: tuple[str, ...] = ()
    """Addresses of those in copy, who get it by requests of their own."""
    auto: bool = False
    """An automatic text, to be marked so that no machine answers it."""
    heard_at: datetime | None = None
    """When whoever is written to last wrote on this route, as the provider told it; None: never, or not to them."""
    files: Mapping[str, File] = field(default_factory=dict)
    """By attachment id."""
    message_id: str = ""
    """Of the message it is, or is a piece of, in the hub's history."""
    conversation_id: str = ""
    """Of that message's conversation."""


@dataclass(frozen=True)
class OutboundEdit(Outbound):
    external_id: str = ""
    """Of the message to change; `payload` is its new content."""


@dataclass(frozen=True)
class OutboundReaction:
    address: Address
    external_id: str
    reaction: str | None
    """None takes ours back."""
    thread: str | None = None


@dataclass(frozen=True)
class Sent:
    """The provider took it. The first external id is the one reports will name."""

    external_ids: tuple[str, ...]
    status: Status = Status.ACCEPTED
