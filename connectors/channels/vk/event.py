"""What VK posts, as far as it is read.

Source: dev.vk.com/en/api/community-events/json-schema, vk-api-schema on GitHub (5.199, read 2026-11).
"""

from typing import Annotated, Any

import msgspec

Id = Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
"""Of a person; negative, of a community; from two thousand million on, of a group chat."""
Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Moment = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)]
"""Seconds since 1970."""
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """Any call."""

    type: Name
    group_id: Number
    event_id: str | None = None
    secret: str | None = None
    object: msgspec.Raw = msgspec.Raw(b"{}")


class Picture(msgspec.Struct, frozen=True):
    url: str | None = None
    src: str | None = None
    width: Number = 0
    height: Number = 0


class Photo(msgspec.Struct, frozen=True):
    sizes: list[Picture] = []
    text: str = ""


class Document(msgspec.Struct, frozen=True):
    url: str | None = None
    title: str = ""
    ext: str = ""
    size: Number | None = None


class Voice(msgspec.Struct, frozen=True):
    link_ogg: str | None = None
    link_mp3: str | None = None
    duration: Number | None = None


class Sticker(msgspec.Struct, frozen=True):
    images: list[Picture] = []


class Graffiti(msgspec.Struct, frozen=True):
    url: str | None = None


class Link(msgspec.Struct, frozen=True):
    url: str = ""
    title: str = ""


class Attachment(msgspec.Struct, frozen=True):
    type: Name
    photo: Photo | None = None
    doc: Document | None = None
    audio_message: Voice | None = None
    sticker: Sticker | None = None
    graffiti: Graffiti | None = None
    link: Link | None = None


class Coordinates(msgspec.Struct, frozen=True):
    latitude: Latitude
    longitude: Longitude


class Place(msgspec.Struct, frozen=True):
    title: str = ""
    address: str = ""


class Geo(msgspec.Struct, frozen=True):
    coordinates: Coordinates | None = None
    place: Place | None = None


class Action(msgspec.Struct, frozen=True):
    """Something that happened in a group chat."""

    type: Name = "action"


class Quoted(msgspec.Struct, frozen=True):
    """A message within another one: answered, or passed on."""

    text: str = ""
    conversation_message_id: Number | None = None
    peer_id: Id | None = None


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wrote, in a message or under a post."""

    text: str = ""
    attachments: list[msgspec.Raw] = []
    payload: str | None = None
    fwd_messages: list[msgspec.Raw] = []
    geo: Geo | None = None
    action: msgspec.Raw = msgspec.Raw()


class Message(Written, frozen=True, kw_only=True):
    peer_id: Id
    from_id: Id
    date: Moment
    conversation_message_id: Number
    update_time: Moment | None = None
    reply_message: Quoted | None = None
    ref: str | None = None


class Comment(Written, frozen=True, kw_only=True):
    """Under a post on the community's wall."""

    id: Number
    from_id: Id
    date: Moment
    post_id: Number
    post_owner_id: Id | None = None
    owner_id: Id | None = None
    parents_stack: list[Number] = []
    """The comment in whose thread it stands, first; empty where it stands by itself."""
    reply_to_user: Id | None = None
    reply_to_comment: Number | None = None


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    """A comment that is gone."""

    id: Number
    post_id: Number
    owner_id: Id | None = None


class Wrapped(msgspec.Struct, frozen=True):
    """Of a new message, since version 5.103."""

    message: msgspec.Raw = msgspec.Raw()
    """Empty where there is none."""


class Consented(msgspec.Struct, frozen=True):
    user_id: Number


class Typing(msgspec.Struct, frozen=True):
    from_id: Id
    state: str = "typing"


class Pressed(msgspec.Struct, frozen=True):
    """A button that sends no message of the person's own."""

    user_id: Number
    peer_id: Id
    event_id: Name
    payload: Any = None
    conversation_message_id: Number | None = None


class Read(msgspec.Struct, frozen=True):
    from_id: Id
    peer_id: Id
    conversation_message_id: Number


POSTED = msgspec.json.Decoder(Posted)
WRAPPED = msgspec.json.Decoder(Wrapped)
MESSAGE = msgspec.json.Decoder(Message)
COMMENT = msgspec.json.Decoder(Comment)
DELETED = msgspec.json.Decoder(Deleted)
QUOTED = msgspec.json.Decoder(Quoted)
ACTION = msgspec.json.Decoder(Action)
ATTACHMENT = msgspec.json.Decoder(Attachment)
CONSENTED = msgspec.json.Decoder(Consented)
TYPING = msgspec.json.Decoder(Typing)
PRESSED = msgspec.json.Decoder(Pressed)
READ = msgspec.json.Decoder(Read)
ANY = msgspec.json.Decoder(dict[str, Any])
