"""What Freshchat posts, as far as it is read.

Source: support.freshchat.com, "Freshchat webhooks: payload structure and authentication" (read 2026-11).
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class Text(msgspec.Struct, frozen=True):
    content: str = ""


class Image(msgspec.Struct, frozen=True):
    url: str


class File(msgspec.Struct, frozen=True):
    url: str
    name: str | None = None
    content_type: str | None = None
    file_size_in_bytes: Annotated[int, msgspec.Meta(ge=0)] | None = None


class Part(msgspec.Struct, frozen=True):
    """One of them; what is none of these stands in `Raw` only."""

    text: Text | None = None
    image: Image | None = None
    file: File | None = None


class Message(msgspec.Struct, frozen=True):
    id: Name
    actor_type: str
    actor_id: Name
    conversation_id: Name
    created_time: Annotated[datetime, msgspec.Meta(tz=True)]
    user_id: Name | None = None
    """The customer, whoever wrote; older payloads leave it out."""
    message_type: str = "normal"
    message_parts: Annotated[tuple[Part, ...], msgspec.Meta(max_length=100)] = ()


class Data(msgspec.Struct, frozen=True):
    message: Message


class Named(msgspec.Struct, frozen=True):
    """Enough of any event to tell it from others."""

    action: Name


class Created(msgspec.Struct, frozen=True):
    data: Data


class RawMessage(msgspec.Struct, frozen=True):
    message_parts: tuple[dict[str, Any], ...] = ()


class RawData(msgspec.Struct, frozen=True):
    message: RawMessage


class Raw(msgspec.Struct, frozen=True):
    data: RawData


NAMED = msgspec.json.Decoder(Named)
CREATED = msgspec.json.Decoder(Created)
RAW = msgspec.json.Decoder(Raw)
