"""What the hub says to a client. docs/explanation/chat-protocol.md is the protocol."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from normalizer.codec import encode
from normalizer.parts import Action


class AuthorShown(msgspec.Struct, frozen=True):
    kind: str
    name: str | None


class ReactionShown(msgspec.Struct, frozen=True):
    reaction: str
    by: str


class MessageShown(msgspec.Struct, frozen=True, kw_only=True):
    """A message as a customer may see it: nothing of what only agents should know."""

    id: str
    conversation: str
    sequence: int
    from_: str = msgspec.field(name="from")
    author: AuthorShown
    channel: str | None
    text: str
    parts: Sequence[dict[str, Any]]
    actions: Sequence[Action]
    reply_to: str | None
    at: datetime
    client_id: str | None
    ref: str | None
    confirm: bool
    revision: int
    edited_at: datetime | None
    redacted: bool
    auto: bool
    status: str | None
    reactions: Sequence[ReactionShown] | None = None


class Service(msgspec.Struct, frozen=True):
    """Whether somebody is there, as far as the inbox says."""

    open: bool | None = None
    until: datetime | None = None
    expected: int | None = None
    """Seconds."""
    notice: str | None = None

    @property
    def news(self) -> tuple[object, ...]:
        """What is told where it changes; until when an answer comes changes all the time."""
        return self.open, self.until, self.notice


class Limits(msgspec.Struct, frozen=True):
    text: int
    frame: int
    file: int
    files: int
    types: Sequence[str]


class Push(msgspec.Struct, frozen=True):
    """How a page asks for notifications."""

    url: str
    """Where it registers, with the user's token."""
    key: str
    """`applicationServerKey`."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    id: str
    token: str | None
    expires_at: datetime
    service: Service
    limits: Limits
    emergency: bool
    push: Push | None = None


class Begun(Session, frozen=True, kw_only=True):
    """What `session` answers."""

    joined: bool | None = None
    """Whether the visitor that was named, or whose token was shown alone, is a signed-in user's; null: neither."""
    reason: str | None = None
    """Why not."""


class _Frame(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    pass


class Welcome(Session, tag_field="type", tag="welcome", frozen=True, kw_only=True):
    pass


class History(_Frame, tag="history", frozen=True, kw_only=True):
    messages: Sequence[MessageShown]
    older: str | None
    reset: bool
    cursor: str | None
    read_up_to: str | None = None


class Live(_Frame, tag="live", frozen=True, kw_only=True):
    cursor: str


class MessageTold(_Frame, tag="message", frozen=True, kw_only=True):
    cursor: str
    message: MessageShown


class ReactionTold(_Frame, tag="reaction", frozen=True, kw_only=True):
    cursor: str
    message: str
    reaction: str
    by: str
    on: bool


class StatusTold(_Frame, tag="status", frozen=True, kw_only=True):
    cursor: str
    message: str
    status: str


class ReadTold(_Frame, tag="read", frozen=True, kw_only=True):
    cursor: str
    conversation: str
    message: str


class ConversationTold(_Frame, tag="conversation", frozen=True, kw_only=True):
    cursor: str
    conversation: str
    state: str


class TypingTold(_Frame, tag="typing", frozen=True, kw_only=True):
    on: bool
    seconds: int


class ServiceTold(Service, tag_field="type", tag="service", frozen=True):
    pass


class Ack(_Frame, tag="ack", frozen=True, kw_only=True, omit_defaults=True):
    of: str
    client_id: str | None = None
    id: str | None = None
    conversation: str | None = None
    sequence: int | None = None


class ErrorTold(_Frame, tag="error", frozen=True, kw_only=True, omit_defaults=True):
    code: str
    detail: str
    of: str | None = None
    client_id: str | None = None
    retry_after: float | None = None


class Pong(_Frame, tag="pong", frozen=True, kw_only=True):
    pass


Frame = (
    Welcome
    | History
    | Live
    | MessageTold
    | ReactionTold
    | StatusTold
    | ReadTold
    | ConversationTold
    | TypingTold
    | ServiceTold
    | Ack
    | ErrorTold
    | Pong
)


class Told(NamedTuple):
    """A frame as it goes out."""

    type: str
    body: bytes
    cursor: str | None = None
    position: int = 0
    """How far a client is that has it; 0 where it moves nothing."""


def told(frame: Frame, position: int = 0) -> Told:
    return Told(str(frame.__struct_config__.tag), encode(frame), getattr(frame, "cursor", None), position)
