"""Messenger's and Instagram's webhooks, as structs: the same items, one by one. Every other key is passed over.

Source: developers.facebook.com/docs/messenger-platform/reference/webhook-events, /docs/messenger-platform/instagram and
/docs/instagram-platform/webhooks (read 2026-11).
"""

from typing import Annotated, Any

import msgspec

from connectors.families.meta.moment import Stamp

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
"""An id of theirs."""


class _Wire(msgspec.Struct, frozen=True, kw_only=True):
    pass


class Who(_Wire, frozen=True, kw_only=True):
    id: Name | None = None
    user_ref: str | None = None
    """Of the chat plugin, which named nobody."""


class Payload(_Wire, frozen=True, kw_only=True):
    url: str | None = None
    title: str | None = None
    sticker_id: int | None = None
    coordinates: dict[str, float] | None = None


class Attachment(_Wire, frozen=True, kw_only=True):
    type: str
    payload: Payload | None = None
    title: str | None = None
    url: str | None = None


class Story(_Wire, frozen=True, kw_only=True):
    id: str | None = None
    url: str | None = None


class Quoted(_Wire, frozen=True, kw_only=True):
    mid: Name | None = None
    story: Story | None = None


class QuickReply(_Wire, frozen=True, kw_only=True):
    payload: str


class Message(_Wire, frozen=True, kw_only=True):
    mid: Name
    text: str | None = None
    attachments: list[Attachment] = []
    quick_reply: QuickReply | None = None
    reply_to: Quoted = Quoted()
    referral: dict[str, Any] = {}
    is_echo: bool = False
    is_deleted: bool = False
    is_unsupported: bool = False
    metadata: str | None = None
    sticker_id: int | None = None


class Postback(_Wire, frozen=True, kw_only=True):
    mid: Name | None = None
    title: str = ""
    payload: str | None = None
    referral: dict[str, Any] = {}


class Edit(_Wire, frozen=True, kw_only=True):
    mid: Name
    text: str
    num_edit: int | str = 0


class Reaction(_Wire, frozen=True, kw_only=True):
    mid: Name
    action: str
    emoji: str | None = None
    reaction: str | None = None


class Delivery(_Wire, frozen=True, kw_only=True):
    mids: list[Name] = []
    watermark: Stamp | None = None


class Read(_Wire, frozen=True, kw_only=True):
    mid: Name | None = None
    watermark: Stamp | None = None


class Optin(_Wire, frozen=True, kw_only=True):
    type: str | None = None
    notification_messages_status: str | None = None


class Item(_Wire, frozen=True, kw_only=True):
    """One of the lower keys says what happened."""

    sender: Who = Who()
    recipient: Who = Who()
    timestamp: Stamp = 0
    message: Message | None = None
    postback: Postback | None = None
    message_edit: Edit | None = None
    reaction: Reaction | None = None
    delivery: Delivery | None = None
    read: Read | None = None
    optin: Optin | None = None


ITEM = msgspec.json.Decoder(Item)
RAW = msgspec.json.Decoder(dict[str, Any])
