"""What X posts and lists, as far as it is read.

Source: developer.x.com, account activity data objects and message create object (v1.1); docs.x.com/x-api/
direct-messages/lookup/integrate (v2); docs.x.com/x-api/activity/event-payloads (read 2026-11).
"""

from typing import Annotated, Any

import msgspec

from normalizer.model import Time

Id = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,20}$")]
Moment = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,14}$")]
"""Milliseconds since 1970."""
Url = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class User(msgspec.Struct, frozen=True):
    name: str | None = None
    screen_name: str | None = None
    username: str | None = None
    """What version 2 calls the same."""


class Entry(User, frozen=True):
    data: User | None = None
    """The X Activity API has one level more."""


class Filter(msgspec.Struct, frozen=True):
    user_id: Id


class Activity(msgspec.Struct, frozen=True):
    """One event of the X Activity API; of direct messages, `payload` is what the older API posts."""

    event_type: str
    filter: Filter
    payload: msgspec.Raw


class Wrapped(msgspec.Struct, frozen=True):
    data: Activity


class Variant(msgspec.Struct, frozen=True):
    url: Url
    content_type: str = ""
    bitrate: int = 0
    bit_rate: int = 0


class Video(msgspec.Struct, frozen=True):
    variants: tuple[Variant, ...] = ()


class Picture(msgspec.Struct, frozen=True):
    type: str = "photo"
    url: str | None = None
    """The short address that stands for it in the text; in version 2, of a photo's octets."""
    media_url_https: Url | None = None
    video_info: Video | None = None
    media_key: str | None = None
    variants: tuple[Variant, ...] = ()


class Attachment(msgspec.Struct, frozen=True):
    type: str
    media: Picture | None = None


class Link(msgspec.Struct, frozen=True):
    url: str
    expanded_url: str | None = None


class Entities(msgspec.Struct, frozen=True):
    urls: tuple[Link, ...] = ()


class Chosen(msgspec.Struct, frozen=True):
    type: str = ""
    metadata: str | None = None


class Data(msgspec.Struct, frozen=True):
    text: str = ""
    entities: Entities | None = None
    attachment: Attachment | None = None
    quick_reply_response: Chosen | None = None


class Target(msgspec.Struct, frozen=True):
    recipient_id: Id


class Create(msgspec.Struct, frozen=True):
    target: Target
    sender_id: Id
    message_data: Data


class Message(msgspec.Struct, frozen=True):
    type: str
    id: Id
    created_timestamp: Moment
    message_create: Create


class Sign(msgspec.Struct, frozen=True):
    """That somebody writes, or has read."""

    created_timestamp: Moment
    sender_id: Id
    target: Target
    last_read_event_id: Id | None = None


class Who(msgspec.Struct, frozen=True):
    id: Id
    name: str | None = None
    screen_name: str | None = None


class Block(msgspec.Struct, frozen=True):
    created_timestamp: Moment
    source: Who
    target: Who


class Keys(msgspec.Struct, frozen=True):
    media_keys: tuple[str, ...] = ()


class Listed(msgspec.Struct, frozen=True):
    """A message as version 2 lists it."""

    id: Id
    event_type: str
    created_at: Time
    sender_id: Id | None = None
    dm_conversation_id: str = ""
    text: str = ""
    attachments: Keys | None = None
    entities: Entities | None = None


class Includes(msgspec.Struct, frozen=True):
    users: tuple[dict[str, Any], ...] = ()
    media: tuple[Picture, ...] = ()


class Meta(msgspec.Struct, frozen=True):
    next_token: str | None = None


class Page(msgspec.Struct, frozen=True):
    data: tuple[msgspec.Raw, ...] = ()
    includes: Includes = Includes()
    meta: Meta = Meta()


FAMILIES = msgspec.json.Decoder(dict[str, msgspec.Raw])
SEVERAL = msgspec.json.Decoder(tuple[msgspec.Raw, ...])
USERS = msgspec.json.Decoder(dict[str, Entry])
WRAPPED = msgspec.json.Decoder(Wrapped)
MESSAGE = msgspec.json.Decoder(Message)
SIGN = msgspec.json.Decoder(Sign)
BLOCK = msgspec.json.Decoder(Block)
LISTED = msgspec.json.Decoder(Listed)
PAGE = msgspec.json.Decoder(Page)
RAW = msgspec.json.Decoder(dict[str, Any])
ID = msgspec.json.Decoder(Id)
