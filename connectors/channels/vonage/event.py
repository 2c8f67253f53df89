"""What Vonage posts, as far as it is read: version 1 of the Messages API's webhooks.

Source: developer.vonage.com/en/api/messages (webhooks) and the classes `InboundMessage` and `MessageStatus` of Vonage's
Java SDK (read 2026-11).
"""

from typing import Annotated, Any

import msgspec

from normalizer.model import Time

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Uuid = Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z-]{1,64}$")]
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Enough of anything to tell a message from a report."""

    message_uuid: Uuid
    channel: Name
    timestamp: Time
    message_type: Name | None = None
    status: Name | None = None


class File(msgspec.Struct, frozen=True, kw_only=True):
    url: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
    caption: str | None = None
    name: str | None = None


class Place(msgspec.Struct, frozen=True, kw_only=True):
    lat: Latitude | None = None
    long: Longitude | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    name: str | None = None
    address: str | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What was chosen from buttons or a list."""

    id: str | None = None
    title: str | None = None


class Button(msgspec.Struct, frozen=True, kw_only=True):
    """What was pressed under a template."""

    payload: str | None = None
    text: str | None = None


class Reaction(msgspec.Struct, frozen=True, kw_only=True):
    action: str | None = None
    emoji: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None = None


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The message that was quoted, or reacted to."""

    message_uuid: Uuid | None = None


class Whatsapp(msgspec.Struct, frozen=True, kw_only=True):
    referral: dict[str, Any] | None = None


class Said(msgspec.Struct, frozen=True, kw_only=True):
    sender: Name = msgspec.field(name="from")
    text: str | None = None
    image: File | None = None
    audio: File | None = None
    video: File | None = None
    file: File | None = None
    vcard: File | None = None
    sticker: File | None = None
    location: Place | None = None
    reply: Reply | None = None
    button: Button | None = None
    reaction: Reaction | None = None
    profile: Profile | None = None
    context: Context | None = None
    whatsapp: Whatsapp | None = None


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why something could not be done: also the body of an answer that refuses (RFC 9457)."""

    type: str = ""
    title: str | int = ""
    detail: str = ""


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    client_ref: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    error: Fault | None = None


NAMED = msgspec.json.Decoder(Named)
SAID = msgspec.json.Decoder(Said)
REPORTED = msgspec.json.Decoder(Reported)
RAW = msgspec.json.Decoder(dict[str, Any])
