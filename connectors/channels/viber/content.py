"""What a message says: its text, parts and files. One without words gets a readable placeholder in brackets."""

import mimetypes
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from connectors.channels.viber.event import RAW, Message
from connectors.kit.content import Content
from connectors.kit.errors import BadPayload
from connectors.kit.nested import bounded
from connectors.kit.request import decode
from normalizer.inbound import Media
from normalizer.parts import ContactCardPart, LocationPart, MediaKind, NativePart

DEEPEST: Final = 16
"""Levels of nesting kept of what we pass on unread."""


class Kind(NamedTuple):
    """How a type of message with a file is told."""

    word: str
    kind: MediaKind
    media_type: str
    """Where its name says none."""


FILES: Final[Mapping[str, Kind]] = {
    "picture": Kind("picture", MediaKind.IMAGE, "image/jpeg"),
    "video": Kind("video", MediaKind.VIDEO, "video/mp4"),
    "file": Kind("file", MediaKind.FILE, "application/octet-stream"),
    "sticker": Kind("sticker", MediaKind.STICKER, "image/png"),
}


def content(message: Message, body: bytes) -> Content:
    """`body` is the webhook as it came, for what has no part of its own. Raises BadPayload."""
    if message.type in FILES and message.media:
        return _file(message, message.media)
    reader = READERS.get(message.type)
    return (reader(message) if reader is not None else None) or _native(message, body)


def _file(message: Message, source: str) -> Content:
    kind = FILES[message.type]
    name = message.file_name or None
    media = Media(
        source=source,
        kind=kind.kind,
        media_type=(mimetypes.guess_type(name)[0] if name else None) or kind.media_type,
        name=name,
        size=message.file_size,
        duration=message.duration,
    )
    return Content(message.text or (f"[{kind.word}: {name}]" if name else f"[{kind.word}]"), (), (media,))


def _text(message: Message) -> Content | None:
    return None if message.text is None else Content(message.text or "[empty message]")


def _link(message: Message) -> Content | None:
    """What somebody shared, with the words beside it."""
    words = [word for word in (message.text, message.media) if word]
    return Content("\n".join(dict.fromkeys(words))) if words else None


def _location(message: Message) -> Content | None:
    place = message.location
    if place is None:
        return None
    if abs(place.lat) > 90:
        raise BadPayload("a latitude of more than 90 degrees")
    return Content("[location]", (LocationPart(latitude=place.lat, longitude=place.lon),))


def _contact(message: Message) -> Content | None:
    contact = message.contact
    if contact is None:
        return None
    phones = (contact.phone_number,) if contact.phone_number else ()
    name = contact.name or contact.phone_number or "unnamed"
    return Content(f"[contact: {name}]", (ContactCardPart(name=name, phones=phones),))


def _native(message: Message, body: bytes) -> Content:
    kind, data = message.type[:64], bounded(decode(body, RAW).message, DEEPEST)
    return Content(message.text or f"[{kind}]", (NativePart(kind=kind, data=data),))


READERS: Final[Mapping[str, Callable[[Message], Content | None]]] = {
    "text": _text,
    "url": _link,
    "location": _location,
    "contact": _contact,
}
