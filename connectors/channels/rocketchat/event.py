"""What the omnichannel webhook posts, as far as it is read.

Source: github.com/RocketChat/Rocket.Chat, `livechat/server/hooks/sendToCRM.ts` (read 2026-11).
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Visitor(msgspec.Struct, frozen=True):
    id: Name = msgspec.field(name="_id")
    name: str | None = None
    username: str | None = None


class Upload(msgspec.Struct, frozen=True, rename="camel"):
    public_file_path: str = ""
    type: str | None = None
    size: Annotated[int, msgspec.Meta(ge=0)] | None = None


class File(msgspec.Struct, frozen=True):
    name: str | None = None


class Message(msgspec.Struct, frozen=True, rename="camel"):
    id: Name = msgspec.field(name="_id")
    ts: Moment
    msg: str | None = None
    agent_id: str | None = None
    """Whoever wrote, where it was not the visitor."""
    edited_at: Moment | None = None
    closing_message: bool = False
    navigation: dict[str, Any] | None = None
    """Where the visitor went, told as a message."""
    file: File | None = None
    file_upload: Upload | None = None


class Named(msgspec.Struct, frozen=True):
    """Enough of any event to tell it from others."""

    type: Name


class Said(msgspec.Struct, frozen=True):
    room: Name = msgspec.field(name="_id")
    visitor: Visitor
    messages: Annotated[tuple[Message, ...], msgspec.Meta(min_length=1, max_length=1000)]


NAMED = msgspec.json.Decoder(Named)
SAID = msgspec.json.Decoder(Said)
