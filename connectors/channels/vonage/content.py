"""What a message says: its text, parts and files. One without words gets a readable placeholder in brackets."""

import mimetypes
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from connectors.channels.vonage.event import RAW, File, Said
from connectors.kit.content import Content
from connectors.kit.nested import bounded
from connectors.kit.request import decode
from normalizer.inbound import Media
from normalizer.parts import ChoicePart, LocationPart, MediaKind, NativePart, Part

DEEPEST: Final = 16
"""Levels of nesting kept of what we pass on unread."""
ENVELOPE: Final = frozenset(
    {"message_uuid", "message_type", "channel", "timestamp", "to", "from", "client_ref", "usage", "text"}
)


class Kind(NamedTuple):
    """How a type of message with a file is told."""

    word: str
    kind: MediaKind
    media_type: str
    """Where its address says none."""


FILES: Final[Mapping[str, Kind]] = {
    "image": Kind("picture", MediaKind.IMAGE, "image/jpeg"),
    "audio": Kind("audio", MediaKind.AUDIO, "audio/mpeg"),
    "video": Kind("video", MediaKind.VIDEO, "video/mp4"),
    "file": Kind("file", MediaKind.FILE, "application/octet-stream"),
    "vcard": Kind("contact card", MediaKind.FILE, "text/vcard"),
    "sticker": Kind("sticker", MediaKind.STICKER, "image/webp"),
}


def content(kind: str, said: Said, body: bytes) -> Content:
    """`body` is the webhook as it came, for what has no part of its own. Raises BadPayload."""
    reader = READERS.get(kind)
    found = reader(said) if reader is not None else _file(kind, getattr(said, kind)) if kind in FILES else None
    text, parts, media = found or _native(kind, said, body)
    return Content(text, (*parts, *_referral(said)), media)


def _file(kind: str, file: File | None) -> Content | None:
    if file is None:
        return None
    told = FILES[kind]
    guessed = mimetypes.guess_type(file.name or _path(file.url))[0]
    name = file.name or None
    media = Media(source=file.url, kind=told.kind, media_type=guessed or told.media_type, name=name)
    return Content(file.caption or (f"[{told.word}: {name}]" if name else f"[{told.word}]"), (), (media,))


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _text(said: Said) -> Content | None:
    return None if said.text is None else Content(said.text or "[empty message]")


def _location(said: Said) -> Content | None:
    place = said.location
    if place is None:
        return None
    latitude = place.latitude if place.latitude is not None else place.lat
    longitude = place.longitude if place.longitude is not None else place.long
    if latitude is None or longitude is None:
        return None
    words = ", ".join(word for word in (place.name, place.address) if word)
    part = LocationPart(latitude=latitude, longitude=longitude, name=place.name or None, address=place.address or None)
    return Content(f"[location: {words}]" if words else "[location]", (part,))


def _reply(said: Said) -> Content | None:
    return None if said.reply is None else _choice(said.reply.id, said.reply.title)


def _button(said: Said) -> Content | None:
    return None if said.button is None else _choice(said.button.payload, said.button.text)


def _choice(value: str | None, label: str | None) -> Content | None:
    chosen = value or label
    return Content(label or chosen, (ChoicePart(value=chosen, label=label or None),)) if chosen else None


def _native(kind: str, said: Said, body: bytes) -> Content:
    """What has no part of its own, and what lacks what its kind should have."""
    told = {name: value for name, value in decode(body, RAW).items() if name not in ENVELOPE}
    inner = told.get(kind)
    words = inner.get("text") if isinstance(inner, dict) else None  # an order has words of its own
    shown = f"[{kind[:64]}: {words}]" if isinstance(words, str) and words else f"[{kind[:64]}]"
    return Content(said.text or shown, (NativePart(kind=kind[:64], data=bounded(told, DEEPEST)),))


def _referral(said: Said) -> tuple[Part, ...]:
    """The post or advertisement that led here."""
    told = said.whatsapp.referral if said.whatsapp is not None else None
    return (NativePart(kind="referral", data=bounded(told, DEEPEST)),) if told else ()


READERS: Final[Mapping[str, Callable[[Said], Content | None]]] = {
    "text": _text,
    "location": _location,
    "reply": _reply,
    "button": _button,
}
