"""Inbound: what a provider told us, normalised by its plugin, before anything is looked up.

Every item carries `key`, unique per connector, by which a redelivery is refused. `external_id` is the provider's own
name of a message as later reports, edits and quotes will say it; the plugin makes it unique within its connector.
A type stands here once a plugin parses it.
"""

from enum import StrEnum

import msgspec

from normalizer.context import Context
from normalizer.model import (
    ConsentState,
    ConversationKind,
    Direction,
    Priority,
    Proof,
    Purpose,
    Time,
    Value,
    Visibility,
)
from normalizer.parts import CallStatus, MediaKind, Part
from normalizer.status import Status


class Address(Value, frozen=True, kw_only=True):
    """Where somebody is on a channel."""

    scheme: str
    value: str


class Person(Value, frozen=True, kw_only=True):
    """Who somebody says to be. Nothing here is proof."""

    address: Address
    name: str | None = None
    handle: str | None = None
    locale: str | None = None
    """BCP 47."""


class Claim(Value, frozen=True, kw_only=True):
    """Another address of the same person, which whoever signed them in vouches for."""

    scheme: str
    """`tel` or `mailto`: what means the same person everywhere; any other with a `scope`."""
    value: str
    """Normalised, as `normalizer.addresses` writes it."""
    scope: str | None = None
    """The connector at which it means somebody, where that is another and the operator said so: a device's channel
    knows by it whose user of the chat it is. None: where the scheme has it count."""
    proof: Proof = Proof.VERIFIED
    """Below `channel` a claim proves nothing, and nothing comes of it."""


class Peer(Value, frozen=True, kw_only=True):
    """The other end of a route: a person, or a group."""

    person: Person
    kind: ConversationKind = ConversationKind.PERSONAL
    thread: str | None = None
    """The provider's thread or topic within it."""
    visibility: Visibility = Visibility.PRIVATE
    proof: Proof = Proof.CHANNEL
    claims: tuple[Claim, ...] = ()
    contact_ref: str | None = None
    """The app's own id of a signed-in user; becomes `Contact.external_id`."""


class Media(Value, frozen=True, kw_only=True):
    """A file the provider holds; the plugin that named `source` fetches it after recording."""

    source: str
    kind: MediaKind
    media_type: str
    name: str | None = None
    size: int | None = None
    alt: str | None = None
    duration: float | None = None


class Fragment(Value, frozen=True, kw_only=True):
    """Says the message is one piece of a larger one."""

    group: str
    """Names the whole, unique per connector."""
    order: int
    """Pieces are put together by ascending `order`."""
    count: int | None = None
    """How many pieces there are, where the provider tells."""


class _Inbound(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    key: str


class MessageReceived(_Inbound, tag="message_received", frozen=True, kw_only=True):
    external_id: str
    peer: Peer
    author: Person | None = None
    """Who wrote, where that is not the peer itself (groups)."""
    from_us: bool = False
    """Written by the account's owner outside the hub: recorded as sent, never sent again."""
    text: str
    parts: tuple[Part, ...] = ()
    media: tuple[Media, ...] = ()
    subject: str | None = None
    """Becomes the conversation's where it has none."""
    copied: tuple[Person, ...] = ()
    """Who else it was addressed to, us and the sender apart. They prove nothing by it."""
    reply_to: str | None = None
    """External id of the quoted message."""
    reply_token: str | None = None
    """The token of an outbound of ours (`Outbound.token`) that came back; the plugin checked that it is genuine."""
    references: tuple[str, ...] = ()
    """External ids of earlier messages of the thread, the nearest first, after `reply_to`."""
    occurred_at: Time
    fragment: Fragment | None = None
    auto: bool = False
    purpose: Purpose = Purpose.REPLY
    trust: Proof | None = None
    """How well this message is linked to its sender, where that is not `peer.proof`."""
    context: Context | None = None
    priority: Priority | None = None
    """What the sender asked for, like the emergency action of an app."""


class MessageEdited(_Inbound, tag="message_edited", frozen=True, kw_only=True):
    external_id: str
    text: str
    parts: tuple[Part, ...] = ()
    media: tuple[Media, ...] | None = None
    """None: the files stay as they were."""
    occurred_at: Time


class MessageRedacted(_Inbound, tag="message_redacted", frozen=True, kw_only=True):
    external_id: str
    occurred_at: Time


class ReactionChanged(_Inbound, tag="reaction_changed", frozen=True, kw_only=True):
    external_id: str
    author: Person
    added: tuple[str, ...] = ()
    """Emoji, or the provider's name of a custom one."""
    removed: tuple[str, ...] = ()
    occurred_at: Time


class StatusChanged(_Inbound, tag="status_changed", frozen=True, kw_only=True):
    external_id: str
    token: str | None = None
    """Our own token of the outbound, where the provider echoes it; it is looked for before any id."""
    status: Status
    error_code: str | None = None
    provider_code: str | None = None
    occurred_at: Time | None = None


class ReadUpTo(_Inbound, tag="read_up_to", frozen=True, kw_only=True):
    """The peer has read everything of ours on this route, up to a message or a moment. Exactly one of the three says
    which."""

    peer: Peer
    external_id: str | None = None
    sequence: int | None = None
    """Of the route's current conversation."""
    until: Time | None = None
    """Whatever was sent before: a watermark."""
    seen: bool = True
    """False: it reached them, and no more is known. Of a watermark only."""
    occurred_at: Time


class TypingChanged(_Inbound, tag="typing_changed", frozen=True, kw_only=True):
    """The peer is writing, or stopped. Ephemeral: no row, no event, no position is made of it."""

    peer: Peer
    on: bool


class ConsentChanged(_Inbound, tag="consent_changed", frozen=True, kw_only=True):
    """The peer let us in, or shut us out, on this route. `peer` or `token` says whose word it is."""

    peer: Peer | None = None
    token: str | None = None
    """Our own token of the outbound it is about, where the plugin checked that it is genuine: the word is about the
    very route that went by, whatever the peer proves."""
    state: ConsentState
    purpose: Purpose | None = None
    source: str
    """What said so, for the record."""
    only_here: bool = False
    """The word is about this address, one of several of the peer's on the channel such as their devices: its route is
    opened or blocked, and what the contact said of the channel stands as it was."""
    occurred_at: Time


class IdentityMoved(_Inbound, tag="identity_moved", frozen=True, kw_only=True):
    """The same person or group goes by another address from now on."""

    before: Address
    after: Address
    occurred_at: Time


class CallState(StrEnum):
    """Where in its course a call is. The first thing told of one begins it, whatever it says."""

    STARTED = "started"
    UPDATED = "updated"
    ENDED = "ended"
    """Final; only a recording and its transcript come after."""


class CallChanged(_Inbound, tag="call_changed", frozen=True, kw_only=True):
    """Something became of a call. A message that stands for it in the history comes of it by itself."""

    external_id: str
    """Of the call, the same however often it is put through."""
    peer: Peer
    direction: Direction = Direction.IN
    state: CallState
    status: CallStatus | None = None
    """None: as before. How an incoming call ended follows from what became of it, and needs no word."""
    order: int | None = None
    """The provider's number of a status, where it counts them: a smaller one does not take a larger back."""
    choice: str | None = None
    """What the caller chose in a menu."""
    answered_by: str | None = None
    duration: float | None = None
    """Seconds, once it ended."""
    recording: Media | None = None
    transcript: str | None = None
    """Of the recording."""
    context: Context | None = None
    occurred_at: Time


class Unreadable(_Inbound, tag="unreadable", frozen=True, kw_only=True):
    """Authentic, but not understood: quarantined with its bytes."""

    slice: bytes
    reason: str


class Ignored(_Inbound, tag="ignored", frozen=True, kw_only=True):
    """Understood, and deliberately not kept."""

    reason: str


Inbound = (
    MessageReceived
    | MessageEdited
    | MessageRedacted
    | ReactionChanged
    | StatusChanged
    | ReadUpTo
    | TypingChanged
    | ConsentChanged
    | IdentityMoved
    | CallChanged
    | Unreadable
    | Ignored
)
