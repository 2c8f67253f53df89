"""One webhook to what the hub records. Pure; what is not understood is said, never passed over in silence."""

import mimetypes
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from connectors.channels.freshchat.event import CREATED, NAMED, RAW, Message, Part
from connectors.kit.content import Content
from connectors.kit.errors import BadPayload
from connectors.kit.nested import bounded
from connectors.kit.request import decode
from normalizer.inbound import Address, Ignored, Inbound, Media, MessageReceived, Peer, Person, Unreadable
from normalizer.parts import MediaKind, NativePart
from normalizer.parts import Part as Told

SCHEME: Final = "freshchat"
MESSAGE: Final = "message_create"
IGNORED: Final[Mapping[str, str]] = {
    "conversation_assignment": "a conversation was assigned in Freshchat",
    "conversation_resolution": "a conversation was resolved in Freshchat",
    "conversation_reopen": "a conversation was opened again in Freshchat",
}
DEEPEST: Final = 16
"""Levels of nesting kept of what we pass on unread."""
KINDS: Final[Mapping[str, MediaKind]] = {
    "image": MediaKind.IMAGE,
    "video": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
}
"""By the first half of a media type."""


def parse(body: bytes, agent_id: str) -> list[Inbound]:
    """`agent_id` is the agent we speak as. Raises BadPayload."""
    action = decode(body, NAMED).action
    if action == MESSAGE:
        return [_message(decode(body, CREATED).data.message, body, agent_id)]
    key = f"{action}:{sha256(body).hexdigest()}"
    if action in IGNORED:
        return [Ignored(key=key, reason=IGNORED[action])]
    return [Unreadable(key=key, slice=body, reason=f"an event we do not know: {action[:64]}")]


def _message(message: Message, body: bytes, agent_id: str) -> Inbound:
    key, from_us = f"message:{message.id}", message.actor_type == "agent"
    if message.message_type != "normal":
        return Ignored(key=key, reason="a note between agents")
    if message.actor_type not in ("user", "agent"):
        return Ignored(key=key, reason="what Freshchat says by itself")
    if from_us and message.actor_id == agent_id:
        return Ignored(key=key, reason="what we sent")
    who = message.user_id or (None if from_us else message.actor_id)
    if who is None:
        return Ignored(key=key, reason="an agent's message that names no customer")
    text, parts, media = content(message, body)
    return MessageReceived(
        key=key,
        external_id=message.id,
        peer=Peer(person=Person(address=Address(scheme=SCHEME, value=who)), thread=message.conversation_id),
        from_us=from_us,
        text=text,
        parts=parts,
        media=media,
        occurred_at=message.created_time,
    )


def content(message: Message, body: bytes) -> Content:
    """The texts among its parts are lines of one; files stand beside it. `body` is the webhook as it came, for parts
    of other kinds. Raises BadPayload."""
    words = [part.text.content for part in message.message_parts if part.text is not None and part.text.content]
    media = tuple(found for part in message.message_parts if (found := _media(part)) is not None)
    natives = _natives(message, body)
    said = (
        "\n".join(words)
        or " ".join(_placeholder(each) for each in media)
        or " ".join(f"[{each.kind}]" for each in natives)
    )
    parts: tuple[Told, ...] = natives
    return Content(said or "[empty message]", parts, media)


def _media(part: Part) -> Media | None:
    if part.image is not None:
        kind = mimetypes.guess_type(part.image.url.partition("?")[0])[0] or "image/jpeg"
        return Media(source=part.image.url, kind=MediaKind.IMAGE, media_type=kind)
    if part.file is None:
        return None
    file = part.file
    media_type = file.content_type or mimetypes.guess_type(file.name or "")[0] or "application/octet-stream"
    kind_ = KINDS.get(media_type.partition("/")[0], MediaKind.FILE)
    return Media(source=file.url, kind=kind_, media_type=media_type, name=file.name, size=file.file_size_in_bytes)


def _placeholder(media: Media) -> str:
    word = "picture" if media.kind is MediaKind.IMAGE else media.kind.value
    return f"[{word}: {media.name}]" if media.name else f"[{word}]"


def _natives(message: Message, body: bytes) -> tuple[NativePart, ...]:
    """The parts that are neither words nor a file, as they came."""
    if all(part.text or part.image or part.file for part in message.message_parts):
        return ()
    raw = decode(body, RAW).data.message.message_parts
    unread = [told for part, told in zip(message.message_parts, raw, strict=True) if part == Part()]
    if any(not told for told in unread):
        raise BadPayload("a part that says nothing")
    return tuple(NativePart(kind=next(iter(told))[:64], data=bounded(told, DEEPEST)) for told in unread)
