"""What Zalo posts, as far as it is read. Ids are larger than a double holds, and times are texts.

Source: developers.zalo.me, webhooks of official accounts, by way of public integrations (read 2026-11).
"""

from typing import Annotated, Any

import msgspec

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Moment = (
    Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)] | Annotated[str, msgspec.Meta(pattern="^[0-9]{1,14}$")]
)
"""Milliseconds since 1970."""


class Party(msgspec.Struct, frozen=True):
    id: Name


class Coordinates(msgspec.Struct, frozen=True):
    latitude: float
    longitude: float


class Payload(msgspec.Struct, frozen=True):
    url: str | None = None
    name: str | None = None
    size: int | str | None = None
    coordinates: Coordinates | None = None


class Attachment(msgspec.Struct, frozen=True):
    type: Name
    payload: Payload = Payload()


class Message(msgspec.Struct, frozen=True):
    msg_id: Name
    text: str | None = None
    quote_msg_id: str | None = None
    attachments: Annotated[tuple[Attachment, ...], msgspec.Meta(max_length=100)] = ()


class Named(msgspec.Struct, frozen=True):
    """Enough of any event to tell it from others."""

    event_name: Name
    timestamp: Moment


class Said(msgspec.Struct, frozen=True):
    """`user_send_…` and `oa_send_…`."""

    sender: Party
    recipient: Party
    message: Message


class Followed(msgspec.Struct, frozen=True):
    """`follow` and `unfollow`."""

    oa_id: Name
    follower: Party


class Receipt(msgspec.Struct, frozen=True):
    msg_id: Name | None = None
    msg_ids: Annotated[tuple[Name, ...], msgspec.Meta(max_length=1000)] = ()


class Reported(msgspec.Struct, frozen=True):
    """`user_received_message` and `user_seen_message`."""

    message: Receipt


class Icon(msgspec.Struct, frozen=True):
    msg_id: Name
    react_icon: Name


class Reacted(msgspec.Struct, frozen=True):
    """`user_reacted_message` and `oa_reacted_message`."""

    sender: Party
    recipient: Party
    message: Icon


class RawMessage(msgspec.Struct, frozen=True):
    attachments: tuple[dict[str, Any], ...] = ()


class Raw(msgspec.Struct, frozen=True):
    message: RawMessage


NAMED = msgspec.json.Decoder(Named)
SAID = msgspec.json.Decoder(Said, strict=False)
FOLLOWED = msgspec.json.Decoder(Followed, strict=False)
REPORTED = msgspec.json.Decoder(Reported, strict=False)
REACTED = msgspec.json.Decoder(Reacted, strict=False)
RAW = msgspec.json.Decoder(Raw)
