"""What Viber posts, as far as it is read.

Source: creators.viber.com/docs/bots-api/resources/webhooks/callbacks (read 2026-11).
"""

from typing import Annotated, Any

import msgspec

Moment = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)]
"""Milliseconds since 1970."""
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
Token = Annotated[int, msgspec.Meta(ge=0)] | Annotated[str, msgspec.Meta(pattern="^[0-9]{1,32}$")]
"""Of a message; larger than a double can hold exactly."""
Degrees = Annotated[float, msgspec.Meta(ge=-180, le=180)]


class User(msgspec.Struct, frozen=True):
    id: Name
    name: str | None = None
    language: str | None = None


class Place(msgspec.Struct, frozen=True):
    lat: Degrees
    lon: Degrees


class Contact(msgspec.Struct, frozen=True):
    name: str | None = None
    phone_number: str | None = None


class Message(msgspec.Struct, frozen=True):
    type: Name
    text: str | None = None
    media: str | None = None
    """The address of a file, or the one that was sent."""
    file_name: str | None = None
    file_size: Annotated[int, msgspec.Meta(ge=0)] | None = None
    duration: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """Seconds."""
    sticker_id: int | None = None
    location: Place | None = None
    contact: Contact | None = None


class Named(msgspec.Struct, frozen=True):
    """Enough of any event to tell it from others."""

    event: Name
    timestamp: Moment
    message_token: Token | None = None


class Said(msgspec.Struct, frozen=True):
    sender: User
    message: Message
    timestamp: Moment
    message_token: Token


class Reported(msgspec.Struct, frozen=True):
    """`delivered`, `seen`, `failed`."""

    user_id: Name
    timestamp: Moment
    message_token: Token
    desc: str | None = None


class Joined(msgspec.Struct, frozen=True):
    user: User
    timestamp: Moment


class Left(msgspec.Struct, frozen=True):
    user_id: Name
    timestamp: Moment


class Raw(msgspec.Struct, frozen=True):
    message: dict[str, Any]


NAMED = msgspec.json.Decoder(Named)
SAID = msgspec.json.Decoder(Said)
REPORTED = msgspec.json.Decoder(Reported)
JOINED = msgspec.json.Decoder(Joined)
LEFT = msgspec.json.Decoder(Left)
RAW = msgspec.json.Decoder(Raw)
