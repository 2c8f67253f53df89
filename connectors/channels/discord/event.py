"""What Discord says by its gateway and posts as interactions, as far as it is read.

Source: docs.discord.com/developers/resources/message, /events/gateway-events, /interactions/receiving-and-responding
(read 2026-11).
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec

Id = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,20}$")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class User(msgspec.Struct, frozen=True):
    id: Id
    username: str = ""
    global_name: str | None = None
    bot: bool = False


class Member(msgspec.Struct, frozen=True):
    user: User


class File(msgspec.Struct, frozen=True):
    url: str
    filename: str = ""
    size: Annotated[int, msgspec.Meta(ge=0)] | None = None
    content_type: str | None = None
    description: str | None = None
    duration_secs: Annotated[float, msgspec.Meta(ge=0)] | None = None


class Reference(msgspec.Struct, frozen=True):
    message_id: Id | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    id: Id
    channel_id: Id
    author: User
    timestamp: Moment
    type: int = 0
    guild_id: Id | None = None
    content: str = ""
    edited_timestamp: Moment | None = None
    attachments: list[File] = []
    message_reference: Reference | None = None


class Updated(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was edited, or to which Discord added what it found behind a link."""

    id: Id
    channel_id: Id
    author: User | None = None
    guild_id: Id | None = None
    content: str | None = None
    edited_timestamp: Moment | None = None


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    id: Id
    channel_id: Id
    guild_id: Id | None = None


class Emoji(msgspec.Struct, frozen=True):
    name: str | None = None
    id: Id | None = None


class Reacted(msgspec.Struct, frozen=True, kw_only=True):
    user_id: Id
    channel_id: Id
    message_id: Id
    emoji: Emoji
    guild_id: Id | None = None


class Frame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Anything that comes by the gateway."""

    op: int
    d: msgspec.Raw = msgspec.Raw(b"null")
    s: int | None = None
    t: str | None = None
    parent: Id | None = None
    """The channel to which the thread of the event belongs. We add it."""


class Button(msgspec.Struct, frozen=True):
    custom_id: str = ""
    label: str = ""


class Row(msgspec.Struct, frozen=True):
    components: list[Button] = []


class Shown(msgspec.Struct, frozen=True):
    """The message a button belongs to."""

    id: Id
    components: list[Row] = []


class Option(msgspec.Struct, frozen=True):
    name: str
    value: str | int | float | bool | None = None


class Chosen(msgspec.Struct, frozen=True):
    name: str = ""
    custom_id: str = ""
    values: list[str] = []
    options: list[Option] = []


class Place(msgspec.Struct, frozen=True):
    """Where an interaction is from."""

    type: int = 0
    parent_id: Id | None = None


class Interaction(msgspec.Struct, frozen=True, kw_only=True):
    id: Id
    type: int
    data: Chosen = Chosen()
    channel_id: Id | None = None
    channel: Place | None = None
    guild_id: Id | None = None
    user: User | None = None
    member: Member | None = None
    message: Shown | None = None
    locale: str | None = None


class Posted(msgspec.Struct, frozen=True):
    """Enough to tell an interaction from a frame."""

    op: int | None = None
    type: int | None = None


FRAME = msgspec.json.Decoder(Frame)
POSTED = msgspec.json.Decoder(Posted)
MESSAGE = msgspec.json.Decoder(Message)
UPDATED = msgspec.json.Decoder(Updated)
DELETED = msgspec.json.Decoder(Deleted)
REACTED = msgspec.json.Decoder(Reacted)
INTERACTION = msgspec.json.Decoder(Interaction)
ANY = msgspec.json.Decoder(dict[str, Any])
