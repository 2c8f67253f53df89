"""What a message says: its text, parts and files. One without words gets a readable placeholder in brackets."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from connectors.channels.x.event import RAW, Data, Entities, Picture
from connectors.kit.content import Content
from connectors.kit.nested import bounded
from connectors.kit.request import decode
from normalizer.inbound import Media
from normalizer.parts import ChoicePart, MediaKind, NativePart, Part

DEEPEST: Final = 16
"""Levels of nesting kept of what we pass on unread."""


class Kind(NamedTuple):
    word: str
    kind: MediaKind
    media_type: str


FILES: Final[Mapping[str, Kind]] = {
    "photo": Kind("picture", MediaKind.IMAGE, "image/jpeg"),
    "video": Kind("video", MediaKind.VIDEO, "video/mp4"),
    "animated_gif": Kind("moving picture", MediaKind.ANIMATION, "video/mp4"),
}


def content(data: Data, event: bytes) -> Content:
    """`event` is the message as it came, for what has no part of its own. Raises BadPayload."""
    attachment, chosen = data.attachment, data.quick_reply_response
    picture = attachment.media if attachment is not None and attachment.type == "media" else None
    text = words(data.text, data.entities)
    parts: tuple[Part, ...] = ()
    if chosen is not None and chosen.metadata:
        parts = (ChoicePart(value=chosen.metadata, label=text or None),)
    if attachment is not None and picture is None:
        parts = (*parts, _native(attachment.type[:64], event))
        return Content(text or f"[{attachment.type[:64]}]", parts)
    if picture is None:
        return Content(text or "[empty message]", parts)
    if picture.url:
        text = text.replace(picture.url, "").strip()
    return shown(text, parts, (picture,))


def shown(text: str, parts: tuple[Part, ...], pictures: tuple[Picture, ...]) -> Content:
    """A text with the files that can be fetched; what cannot is told in words."""
    media = tuple(made for made in map(_media, pictures) if made is not None)
    missing = tuple(NativePart(kind=picture.type[:64]) for picture in pictures if _media(picture) is None)
    kinds = [FILES[one.type].word if one.type in FILES else one.type[:64] for one in pictures]
    return Content(text or (f"[{kinds[0]}]" if kinds else "[empty message]"), (*parts, *missing), media)


def words(text: str, entities: Entities | None) -> str:
    """With the addresses that were written instead of the short ones that X makes of them."""
    for link in entities.urls if entities is not None else ():
        if link.url and link.expanded_url:
            text = text.replace(link.url, link.expanded_url)
    return text


def _native(kind: str, event: bytes) -> NativePart:
    data: Any = decode(event, RAW)
    for name in ("message_create", "message_data", "attachment"):
        data = data[name]
    return NativePart(kind=kind, data=bounded(data, DEEPEST))


def _media(picture: Picture) -> Media | None:
    kind = FILES.get(picture.type)
    source = _source(picture)
    if kind is None or not source:
        return None
    return Media(source=source, kind=kind.kind, media_type=kind.media_type)


def _source(picture: Picture) -> str | None:
    variants = picture.variants or (picture.video_info.variants if picture.video_info is not None else ())
    whole = [one for one in variants if one.content_type == "video/mp4"]
    if whole:
        return max(whole, key=lambda one: max(one.bitrate, one.bit_rate)).url
    if picture.type != "photo":
        return None
    return picture.media_url_https or (picture.url if picture.media_key else None)
