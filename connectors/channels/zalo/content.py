"""What a message says: its text, parts and files. One without words gets a readable placeholder in brackets."""

import mimetypes
from collections.abc import Mapping
from typing import Final, NamedTuple

from connectors.channels.zalo.event import RAW, Attachment, Message
from connectors.kit.content import Content
from connectors.kit.errors import BadPayload
from connectors.kit.nested import bounded
from connectors.kit.request import decode
from normalizer.inbound import Media
from normalizer.parts import LocationPart, MediaKind, NativePart, Part

DEEPEST: Final = 16
"""Levels of nesting kept of what we pass on unread."""


class Kind(NamedTuple):
    """How a type of attachment is told."""

    word: str
    kind: MediaKind
    media_type: str
    """Where its name says none."""


FILES: Final[Mapping[str, Kind]] = {
    "image": Kind("picture", MediaKind.IMAGE, "image/jpeg"),
    "gif": Kind("animation", MediaKind.ANIMATION, "image/gif"),
    "sticker": Kind("sticker", MediaKind.STICKER, "image/png"),
    "audio": Kind("audio", MediaKind.AUDIO, "audio/aac"),
    "video": Kind("video", MediaKind.VIDEO, "video/mp4"),
    "file": Kind("file", MediaKind.FILE, "application/octet-stream"),
}


def content(message: Message, body: bytes) -> Content:
    """`body` is the webhook as it came, for attachments that have no part of their own. Raises BadPayload."""
    media: list[Media] = []
    parts: list[Part] = []
    words: list[str] = [message.text] if message.text else []
    told: list[str] = []
    for number, attachment in enumerate(message.attachments):
        payload, kind = attachment.payload, FILES.get(attachment.type)
        if kind is not None and payload.url:
            media.append(_media(attachment, kind))
            told.append(f"[{kind.word}: {payload.name}]" if payload.name else f"[{kind.word}]")
        elif attachment.type == "link" and payload.url:
            words += [payload.url] if payload.url not in (message.text or "") else []
        elif attachment.type == "location" and payload.coordinates is not None:
            parts.append(_location(attachment))
            told.append("[location]")
        else:
            parts.append(_native(number, body))
            told.append(f"[{attachment.type[:64]}]")
    return Content("\n".join(words) or " ".join(told) or "[empty message]", tuple(parts), tuple(media))


def _media(attachment: Attachment, kind: Kind) -> Media:
    payload = attachment.payload
    size = str(payload.size or "")
    return Media(
        source=payload.url or "",
        kind=kind.kind,
        media_type=(mimetypes.guess_type(payload.name)[0] if payload.name else None) or kind.media_type,
        name=payload.name or None,
        size=int(size) if size.isascii() and size.isdigit() and len(size) < 16 else None,
    )


def _location(attachment: Attachment) -> LocationPart:
    place = attachment.payload.coordinates
    if place is None or not (abs(place.latitude) <= 90 and abs(place.longitude) <= 180):
        raise BadPayload("no place on earth")
    return LocationPart(latitude=place.latitude, longitude=place.longitude)


def _native(number: int, body: bytes) -> NativePart:
    told = decode(body, RAW).message.attachments[number]
    return NativePart(kind=str(told.get("type"))[:64], data=bounded(told, DEEPEST))
