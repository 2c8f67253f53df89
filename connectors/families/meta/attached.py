"""What a message of Messenger or Instagram says: its text, parts and files.

Files come by addresses that run out and are fetched at once. A message without words gets a readable placeholder in
brackets. What has no file of its own, such as a post that is shared, is a `native` part; its address, which may be no
web address at all, stands in it unread. Source: as in `thread`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from connectors.families.meta.thread import Attachment, Message
from connectors.kit.content import Content
from connectors.kit.errors import BadPayload
from connectors.kit.nested import bounded
from normalizer.inbound import Media
from normalizer.parts import ChoicePart, LocationPart, MediaKind, NativePart

DEEPEST: Final = 16
"""Levels of nesting kept of what we pass on unread."""
LONGEST_URL: Final = 4096
WEB: Final = ("https://", "http://")


class Shown(NamedTuple):
    kind: MediaKind
    media_type: str
    """Meta names none; that of a file is told when it is fetched."""


MEDIA: Final[Mapping[str, Shown]] = {
    "image": Shown(MediaKind.IMAGE, "image/jpeg"),
    "video": Shown(MediaKind.VIDEO, "video/mp4"),
    "audio": Shown(MediaKind.AUDIO, "audio/mp4"),
    "file": Shown(MediaKind.FILE, "application/octet-stream"),
    "story_mention": Shown(MediaKind.IMAGE, "image/jpeg"),
}
SAID: Final[Mapping[str, str]] = {"story_mention": "[mentioned you in a story]", "like_heart": "❤️"}
"""What stands for a kind where nothing was written."""


def content(message: Message, raw: Mapping[str, Any]) -> Content:
    """`raw` is the message as it came. Raises BadPayload."""
    told = raw.get("attachments")
    attachments: Sequence[Any] = told if isinstance(told, list) else []
    pieces = [_piece(one, attachments[n], message) for n, one in enumerate(message.attachments)]
    parts = tuple(part for piece in pieces for part in piece.parts)
    media = tuple(one for piece in pieces for one in piece.media)
    if message.is_unsupported:
        parts = (*parts, NativePart(kind="unsupported", data={}))
    if message.quick_reply is not None:
        parts = (*parts, ChoicePart(value=message.quick_reply.payload or message.text or "", label=message.text))
    for kind, data in (("story", _story(message)), ("referral", message.referral)):
        if data:
            parts = (*parts, NativePart(kind=kind, data=bounded(data, DEEPEST)))
    text = message.text or "\n".join(piece.text for piece in pieces if piece.text)
    if not text and not pieces and not message.is_unsupported:
        raise BadPayload("a message that says nothing")
    return Content(text or "[unsupported]", parts, media)


def _piece(one: Attachment, raw: Any, message: Message) -> Content:
    reader = READERS.get(one.type)
    read = reader(one, message) if reader is not None else None
    return read or _native(one, raw)


def _held(one: Attachment, message: Message) -> Content | None:
    url = one.payload.url if one.payload is not None else None
    if not url or not url.startswith(WEB) or len(url) > LONGEST_URL:
        return None
    sticker = one.type == "image" and (message.sticker_id or (one.payload and one.payload.sticker_id))
    shown = Shown(MediaKind.STICKER, "image/png") if sticker else MEDIA[one.type]
    return Content(
        SAID.get(one.type, f"[{shown.kind}]"), (), (Media(source=url, kind=shown.kind, media_type=shown.media_type),)
    )


def _place(one: Attachment, _: Message) -> Content | None:
    told = (one.payload.coordinates or {}) if one.payload is not None else {}
    latitude, longitude = told.get("lat"), told.get("long")
    if latitude is None or longitude is None or not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    name = one.title or None
    place = LocationPart(latitude=latitude, longitude=longitude, name=name)
    return Content(f"[location] {name or f'{latitude}, {longitude}'}", (place,))


def _native(one: Attachment, raw: Any) -> Content:
    data = bounded(raw, DEEPEST) if isinstance(raw, dict) else {}
    kind = one.type or "attachment"
    named = one.title or (one.payload.title if one.payload is not None else None)
    return Content(
        SAID.get(kind) or (f"[{kind}: {named}]" if named else f"[{kind}]"), (NativePart(kind=kind, data=data),)
    )


def _story(message: Message) -> dict[str, Any]:
    """Which story of ours somebody answered."""
    story = message.reply_to.story
    told = {"id": story.id, "url": story.url} if story is not None else {}
    return {name: value for name, value in told.items() if value}


READERS: Final[Mapping[str, Callable[[Attachment, Message], Content | None]]] = {
    "location": _place,
    **dict.fromkeys(MEDIA, _held),
}
