"""What a message says: its text, parts and files. One without words gets readable placeholders in brackets."""

import mimetypes
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from connectors.channels.vk.buttons import chosen
from connectors.channels.vk.event import ACTION, ANY, ATTACHMENT, QUOTED, Attachment, Geo, Picture, Written
from connectors.kit.content import Content
from connectors.kit.nested import bounded
from connectors.kit.request import decode
from normalizer.inbound import Media
from normalizer.parts import LocationPart, MediaKind, NativePart, Part

DEEPEST: Final = 16
"""Levels of nesting kept of what we pass on unread."""
MOST: Final = 20
"""Messages passed on whose words are quoted."""


class Piece(NamedTuple):
    """One attachment, with the word that stands for it where the message has none."""

    word: str
    part: Part | None = None
    media: Media | None = None


def content(message: Written) -> Content:
    """Raises BadPayload."""
    pieces = [*map(_piece, map(bytes, message.attachments)), *_geo(message.geo), *_happened(message)]
    forwarded, lines = _forwarded([bytes(raw) for raw in message.fwd_messages])
    choice = chosen(message.payload, message.text or None)
    words = [message.text] if message.text else [piece.word for piece in pieces]
    links = [piece.word for piece in pieces if piece.part is None and piece.media is None and message.text]
    text = "\n".join([*words, *(link for link in links if link not in message.text), *lines])
    parts = (*choice, *(piece.part for piece in pieces if piece.part is not None), *forwarded)
    media = tuple(piece.media for piece in pieces if piece.media is not None)
    return Content(text or "[empty message]", parts, media)


def _piece(raw: bytes) -> Piece:
    attachment = decode(raw, ATTACHMENT)
    reader = READERS.get(attachment.type)
    found = reader(attachment) if reader is not None else None
    return found or Piece(f"[{attachment.type[:64]}]", _native(attachment.type, raw))


def _native(kind: str, raw: bytes) -> NativePart:
    return NativePart(kind=kind[:64], data=bounded(decode(raw, ANY), DEEPEST))


def _geo(geo: Geo | None) -> list[Piece]:
    if geo is None or geo.coordinates is None:
        return []
    at, name = geo.coordinates, (geo.place.title if geo.place else "") or None
    address = (geo.place.address if geo.place else "") or None
    part = LocationPart(latitude=at.latitude, longitude=at.longitude, name=name, address=address)
    return [Piece(f"[location: {name}]" if name else "[location]", part)]


def _happened(message: Written) -> list[Piece]:
    """In a group chat: somebody came, left, changed its name."""
    raw = bytes(message.action)
    if not raw or raw == b"null":
        return []
    kind = decode(raw, ACTION).type
    return [Piece(f"[{kind[:64]}]", _native(kind, raw))]


def _forwarded(raws: Sequence[bytes]) -> tuple[list[NativePart], list[str]]:
    """Messages of others that somebody passed on: their words as a quotation, and all of them as they came."""
    if not raws:
        return [], []
    words = [decode(raw, QUOTED).text or "[message]" for raw in raws[:MOST]]
    data = {"messages": [bounded(decode(raw, ANY), DEEPEST) for raw in raws]}
    return [NativePart(kind="fwd_messages", data=data)], [f"> {line}" for text in words for line in text.splitlines()]


def _photo(attachment: Attachment) -> Piece | None:
    photo = attachment.photo
    largest = _largest(photo.sizes) if photo else None
    if photo is None or largest is None:
        return None
    media = Media(source=largest, kind=MediaKind.IMAGE, media_type="image/jpeg", alt=photo.text or None)
    return Piece("[photo]", media=media)


def _document(attachment: Attachment) -> Piece | None:
    doc = attachment.doc
    if doc is None or not doc.url:
        return None
    name = _name(doc.title, doc.ext)
    media_type = mimetypes.guess_type(f"x.{doc.ext}")[0] or "application/octet-stream"
    media = Media(source=doc.url, kind=MediaKind.FILE, media_type=media_type, name=name, size=doc.size)
    return Piece(f"[file: {name}]" if name else "[file]", media=media)


def _voice(attachment: Attachment) -> Piece | None:
    voice = attachment.audio_message
    source = (voice.link_ogg or voice.link_mp3) if voice else None
    if voice is None or not source:
        return None
    media_type = "audio/ogg" if voice.link_ogg else "audio/mpeg"
    return Piece(
        "[voice]", media=Media(source=source, kind=MediaKind.VOICE, media_type=media_type, duration=voice.duration)
    )


def _sticker(attachment: Attachment) -> Piece | None:
    largest = _largest(attachment.sticker.images) if attachment.sticker else None
    if largest is None:
        return None
    return Piece("[sticker]", media=Media(source=largest, kind=MediaKind.STICKER, media_type="image/png"))


def _graffiti(attachment: Attachment) -> Piece | None:
    url = attachment.graffiti.url if attachment.graffiti else None
    return Piece("[graffiti]", media=Media(source=url, kind=MediaKind.IMAGE, media_type="image/png")) if url else None


def _link(attachment: Attachment) -> Piece | None:
    """What VK shows beside an address that somebody wrote, or what was shared without words."""
    link = attachment.link
    return Piece(link.url) if link and link.url else None


def _largest(pictures: Sequence[Picture]) -> str | None:
    shown = [(picture.width * picture.height, picture.url or picture.src) for picture in pictures]
    return max(((area, url) for area, url in shown if url), default=(0, None))[1]


def _name(title: str, ext: str) -> str | None:
    if not title:
        return None
    return title if not ext or title.lower().endswith(f".{ext.lower()}") else f"{title}.{ext}"


READERS: Final[Mapping[str, Callable[[Attachment], Piece | None]]] = {
    "photo": _photo,
    "doc": _document,
    "audio_message": _voice,
    "sticker": _sticker,
    "graffiti": _graffiti,
    "link": _link,
}
