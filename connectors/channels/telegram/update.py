"""What we read of an Update; every other key is passed over.

Source: core.telegram.org/bots/api, Bot API 10.1 (read 2026-11). Ids and times are bounded so that whatever follows can
rely on them; entity offsets count UTF-16 code units.
"""

from typing import Annotated, Any

import msgspec

Id = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Stamp = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)]
"""Seconds since 1970 UTC, up to the year 9999."""
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class _Wire(msgspec.Struct, frozen=True, kw_only=True):
    pass


class User(_Wire, frozen=True, kw_only=True):
    id: Id
    first_name: str = ""
    last_name: str | None = None
    username: str | None = None
    is_bot: bool = False
    language_code: str | None = None


class Chat(_Wire, frozen=True, kw_only=True):
    id: Id
    type: str
    """`private`, `group`, `supergroup` or `channel`."""
    title: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    username: str | None = None


class Entity(_Wire, frozen=True, kw_only=True):
    type: str
    offset: Count
    length: Count
    url: str | None = None
    language: str | None = None
    user: User | None = None


class Held(_Wire, frozen=True, kw_only=True):
    """A file Telegram holds, whatever its kind."""

    file_id: str
    mime_type: str | None = None
    file_name: str | None = None
    file_size: Count | None = None
    duration: Count | None = None
    title: str | None = None
    emoji: str | None = None
    is_animated: bool = False
    is_video: bool = False


class Location(_Wire, frozen=True, kw_only=True):
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)]


class Venue(_Wire, frozen=True, kw_only=True):
    location: Location
    title: str
    address: str


class Contact(_Wire, frozen=True, kw_only=True):
    phone_number: str
    first_name: str
    last_name: str | None = None


class Button(_Wire, frozen=True, kw_only=True):
    text: str
    callback_data: str | None = None


class Keyboard(_Wire, frozen=True, kw_only=True):
    inline_keyboard: list[list[Button]] = []


class Topic(_Wire, frozen=True, kw_only=True):
    topic_id: Id


class Quoted(_Wire, frozen=True, kw_only=True):
    message_id: Id
    forum_topic_created: dict[str, Any] | None = None


class Message(_Wire, frozen=True, kw_only=True):
    message_id: Id
    date: Stamp
    """0 where the message is no longer accessible."""
    chat: Chat
    edit_date: Stamp | None = None
    sender: User | None = msgspec.field(name="from", default=None)
    sender_chat: Chat | None = None
    message_thread_id: Id | None = None
    is_topic_message: bool = False
    direct_messages_topic: Topic | None = None
    business_connection_id: str | None = None
    is_from_offline: bool = False
    is_automatic_forward: bool = False
    forward_origin: dict[str, Any] | None = None
    reply_to_message: Quoted | None = None
    reply_markup: Keyboard | None = None
    media_group_id: str | None = None
    migrate_to_chat_id: Id | None = None
    migrate_from_chat_id: Id | None = None
    text: str | None = None
    entities: list[Entity] = []
    caption: str | None = None
    caption_entities: list[Entity] = []
    photo: list[Held] | None = None
    animation: Held | None = None
    document: Held | None = None
    video: Held | None = None
    audio: Held | None = None
    voice: Held | None = None
    video_note: Held | None = None
    sticker: Held | None = None
    contact: Contact | None = None
    venue: Venue | None = None
    location: Location | None = None


class Callback(_Wire, frozen=True, kw_only=True):
    id: str
    sender: User = msgspec.field(name="from")
    message: Message | None = None
    data: str | None = None


class Reaction(_Wire, frozen=True, kw_only=True):
    type: str
    emoji: str | None = None
    custom_emoji_id: str | None = None


class MessageReaction(_Wire, frozen=True, kw_only=True):
    chat: Chat
    message_id: Id
    date: Stamp
    user: User | None = None
    actor_chat: Chat | None = None
    old_reaction: list[Reaction]
    new_reaction: list[Reaction]


class Member(_Wire, frozen=True, kw_only=True):
    status: str
    can_send_messages: bool = True


class MemberChanged(_Wire, frozen=True, kw_only=True):
    chat: Chat
    date: Stamp
    old_chat_member: Member
    new_chat_member: Member


class Deleted(_Wire, frozen=True, kw_only=True):
    business_connection_id: str
    chat: Chat
    message_ids: list[Id]


class Update(_Wire, frozen=True, kw_only=True):
    """At most one of its optional fields is there."""

    update_id: Id
    message: Message | None = None
    edited_message: Message | None = None
    business_message: Message | None = None
    edited_business_message: Message | None = None
    deleted_business_messages: Deleted | None = None
    callback_query: Callback | None = None
    message_reaction: MessageReaction | None = None
    my_chat_member: MemberChanged | None = None


class Numbered(_Wire, frozen=True, kw_only=True):
    """An update of which nothing but its number is read."""

    update_id: Id


class Batch(_Wire, frozen=True, kw_only=True):
    """The answer of getUpdates; each update is read on its own."""

    result: list[msgspec.Raw]


UPDATE = msgspec.json.Decoder(Update)
NUMBERED = msgspec.json.Decoder(Numbered)
BATCH = msgspec.json.Decoder(Batch)
OBJECT = msgspec.json.Decoder(dict[str, Any])
KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw])
