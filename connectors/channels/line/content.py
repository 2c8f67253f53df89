"""What a message says: its text, parts and files.

A message without words gets a readable placeholder in brackets, so that `text` always stands; only one picture of
several sent together does not, because the hub puts those together. LINE's own emoji stand in the text by their name,
such as `(brown)`. Source: `webhook.yml` of line-openapi (read 2026-11).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from connectors.channels.line.event import Message
from connectors.channels.line.spans import mentions
from connectors.kit.content import Content
from connectors.kit.errors import BadPayload
from connectors.kit.nested import bounded
from normalizer.inbound import Media
from normalizer.parts import LocationPart, MediaKind, NativePart, TextPart

DEEPEST: Final = 16
"""Levels of nesting kept of what we pass on unread."""
WORDS: Final = 3
"""Keywords of a sticker that its placeholder tells; LINE sends up to 15, in any order."""
EXTERNAL: Final = "external"
OCTETS: Final = "application/octet-stream"


class Held(NamedTuple):
    kind: MediaKind
    media_type: str
    """LINE names none; that of a file goes by its name."""


MEDIA: Final[Mapping[str, Held]] = {
    "image": Held(MediaKind.IMAGE, "image/jpeg"),
    "video": Held(MediaKind.VIDEO, "video/mp4"),
    "audio": Held(MediaKind.AUDIO, "audio/mp4"),
    "file": Held(MediaKind.FILE, OCTETS),
}
TYPES: Final[Mapping[str, str]] = {
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "pdf": "application/pdf",
    "png": "image/png",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "txt": "text/plain",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
}
"""By the end of a file's name."""


def content(message: Message, raw: Callable[[], Mapping[str, Any]]) -> Content:
    """What a message says. `raw` gives it as it came, if need be. Raises BadPayload."""
    reader = READERS.get(message.type)
    return reader(message) if reader is not None else _unknown(message, raw())


def _words(message: Message) -> Content:
    if message.text is None:
        raise BadPayload("a text without text")
    spans = mentions(message.text, message.mention.mentionees) if message.mention is not None else ()
    return Content(message.text, (TextPart(text=message.text, spans=spans),) if spans else ())


def _held(message: Message) -> Content:
    held = MEDIA[message.type]
    media = Media(
        source=_source(message),
        kind=held.kind,
        media_type=_media_type(held, message.file_name),
        name=message.file_name,
        size=message.file_size,
        duration=message.duration / 1000 if message.duration is not None else None,
    )
    if message.image_set is not None:
        return Content("", (), (media,))
    return Content(f"[{message.type}: {message.file_name}]" if message.file_name else f"[{message.type}]", (), (media,))


def _source(message: Message) -> str:
    """Where `fetch` finds the file: `<type>:<message id>`, or the address an app shared it by. Raises BadPayload."""
    provider = message.content_provider
    if provider is None or provider.type != EXTERNAL:
        return f"{message.type}:{message.id}"
    if not provider.original_content_url:
        raise BadPayload("a file elsewhere, and no address of it")
    return f"{EXTERNAL}:{provider.original_content_url}"


def _media_type(held: Held, name: str | None) -> str:
    end = (name or "").rpartition(".")[2].lower()
    return TYPES.get(end, OCTETS) if held.media_type == OCTETS else held.media_type


def _place(message: Message) -> Content:
    if message.latitude is None or message.longitude is None:
        raise BadPayload("a location without coordinates")
    place = LocationPart(
        latitude=message.latitude, longitude=message.longitude, name=message.title, address=message.address
    )
    told = ", ".join(filter(None, (message.title, message.address)))
    return Content(f"[location] {told or f'{message.latitude}, {message.longitude}'}", (place,))


def _sticker(message: Message) -> Content:
    told = message.text or ", ".join(sorted(message.keywords)[:WORDS])
    known = {
        "packageId": message.package_id,
        "stickerId": message.sticker_id,
        "text": message.text,
        "keywords": message.keywords,
    }
    native = NativePart(kind="sticker", data={name: value for name, value in known.items() if value})
    return Content(f"[sticker: {told}]" if told else "[sticker]", (native,))


def _unknown(message: Message, raw: Mapping[str, Any]) -> Content:
    data = bounded({name: value for name, value in raw.items() if name not in UNKEPT}, DEEPEST)
    return Content(message.text or f"[{message.type}]", (NativePart(kind=message.type, data=data),))


UNKEPT: Final = frozenset({"id", "type", "quoteToken", "markAsReadToken"})
"""Keys of a message that say nothing of its content."""
READERS: Final[Mapping[str, Callable[[Message], Content]]] = {
    "text": _words,
    "location": _place,
    "sticker": _sticker,
    **dict.fromkeys(MEDIA, _held),
}
