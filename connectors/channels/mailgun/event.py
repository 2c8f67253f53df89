"""What an event says, as far as it is read.

Source: documentation.mailgun.com, user manual, *Webhook payloads*, *Events* (read 2026-11).
"""

from typing import Annotated, Any

import msgspec

Name = Annotated[str, msgspec.Meta(max_length=1000)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=253_402_300_799)]


class Message(msgspec.Struct, frozen=True):
    headers: dict[str, Any] = {}


class DeliveryStatus(msgspec.Struct, frozen=True):
    code: int | str | None = None
    message: str | None = None
    description: str | None = None


class Event(msgspec.Struct, frozen=True, rename="kebab"):
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    """Unique within a day."""
    event: Name
    timestamp: Seconds
    recipient: Name = ""
    severity: Name | None = None
    reason: Name | None = None
    message: Message = Message()
    delivery_status: DeliveryStatus = DeliveryStatus()
    user_variables: dict[str, Any] = {}


class Posted(msgspec.Struct, frozen=True, rename="kebab"):
    event_data: Event


POSTED = msgspec.json.Decoder(Posted)


class Kept(msgspec.Struct, frozen=True):
    url: str = ""
    key: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class Held(msgspec.Struct, frozen=True):
    headers: dict[str, Any] = {}
    recipients: list[Name] = []


class Listed(msgspec.Struct, frozen=True):
    """Of a list of events: enough to tell mails that came from what is told of mails that left."""

    event: Name
    timestamp: Seconds
    message: Held = Held()
    storage: Kept = Kept()


class Paging(msgspec.Struct, frozen=True):
    next: str = ""


class Page(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw] = []
    paging: Paging = Paging()


class Whole(msgspec.Struct, frozen=True, rename="kebab"):
    """A stored mail, asked for as `message/rfc2822`. Source: the same, *Viewing stored messages* (read 2026-11)."""

    body_mime: str
    sender: str = ""


EVENT = msgspec.json.Decoder(Event)
LISTED = msgspec.json.Decoder(Listed)
PAGE = msgspec.json.Decoder(Page)
WHOLE = msgspec.json.Decoder(Whole)
