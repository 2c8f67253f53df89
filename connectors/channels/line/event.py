"""What we read of a webhook request; every other key is passed over.

Source: github.com/line/line-openapi, `webhook.yml` (read 2026-11). Times are milliseconds since 1970 UTC; indices and
lengths count UTF-16 code units (developers.line.biz/en/docs/messaging-api/text-character-count).
"""

from typing import Annotated, Any

import msgspec

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
"""An id of theirs. Documented as digits, ULIDs or a letter and 32 hexadecimal digits; compared, never counted."""
Stamp = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)]
"""Up to the year 9999."""
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class _Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class Batch(_Wire, frozen=True, kw_only=True):
    """One request; each event is read on its own. No events: LINE only asks whether anybody is there."""

    events: list[msgspec.Raw]


class Kind(_Wire, frozen=True, kw_only=True):
    """What every event says of itself."""

    type: str
    webhook_event_id: Name
    mode: str = "active"


class Source(_Wire, frozen=True, kw_only=True):
    type: str
    """`user`, `group` or `room`."""
    user_id: Name | None = None
    """In groups and rooms absent, where that person did not consent."""
    group_id: Name | None = None
    room_id: Name | None = None


class Event(_Wire, frozen=True, kw_only=True):
    webhook_event_id: Name
    timestamp: Stamp
    source: Source


class Provider(_Wire, frozen=True, kw_only=True):
    type: str
    """`line`, or `external`: a file that an app shared by its address."""
    original_content_url: str | None = None


class ImageSet(_Wire, frozen=True, kw_only=True):
    id: Name
    index: Count | None = None
    """From 1; absent from old versions of the app."""
    total: Count | None = None


class Mentionee(_Wire, frozen=True, kw_only=True):
    index: Count
    length: Count


class Mention(_Wire, frozen=True, kw_only=True):
    mentionees: list[Mentionee] = []


class Message(_Wire, frozen=True, kw_only=True):
    id: Name
    type: str
    text: str | None = None
    """Of a sticker, what its sender wrote on it."""
    mention: Mention | None = None
    quoted_message_id: Name | None = None
    content_provider: Provider | None = None
    image_set: ImageSet | None = None
    duration: Count | None = None
    """Milliseconds."""
    file_name: str | None = None
    file_size: Count | None = None
    title: str | None = None
    address: str | None = None
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None
    package_id: str | None = None
    sticker_id: str | None = None
    keywords: list[str] = []


class MessageEvent(Event, frozen=True, kw_only=True):
    message: Message


class Unsend(_Wire, frozen=True, kw_only=True):
    message_id: Name


class UnsendEvent(Event, frozen=True, kw_only=True):
    unsend: Unsend


class Follow(_Wire, frozen=True, kw_only=True):
    is_unblocked: bool = False


class FollowEvent(Event, frozen=True, kw_only=True):
    follow: Follow = Follow()


class Postback(_Wire, frozen=True, kw_only=True):
    data: Annotated[str, msgspec.Meta(min_length=1)]
    params: dict[str, str] = {}
    """What was picked: `date`, `time` or `datetime`, or which rich menu came of it."""


class PostbackEvent(Event, frozen=True, kw_only=True):
    postback: Postback


class _RawMessage(_Wire, frozen=True, kw_only=True):
    message: dict[str, Any] = {}


BATCH = msgspec.json.Decoder(Batch)
KIND = msgspec.json.Decoder(Kind)
EVENT = msgspec.json.Decoder(Event)
MESSAGE_EVENT = msgspec.json.Decoder(MessageEvent)
UNSEND_EVENT = msgspec.json.Decoder(UnsendEvent)
FOLLOW_EVENT = msgspec.json.Decoder(FollowEvent)
POSTBACK_EVENT = msgspec.json.Decoder(PostbackEvent)
RAW_MESSAGE = msgspec.json.Decoder(_RawMessage)
