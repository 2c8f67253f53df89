"""What a message says: its text, parts and files.

A message without words gets a readable placeholder in brackets, so that `text` always stands; only a piece of an album
does not, because its caption stands at another piece.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from connectors.channels.telegram.spans import spans
from connectors.channels.telegram.update import Entity, Held, Message
from connectors.kit.content import Content
from connectors.kit.nested import bounded, within
from normalizer.inbound import Media
from normalizer.parts import ContactCardPart, LocationPart, MediaKind, NativePart, TextPart

DEEPEST: Final = 16
"""Levels of nesting kept of what we pass on unread."""


class Kind(NamedTuple):
    """How a field of a message is told."""

    word: str
    kind: MediaKind
    media_type: str
    """Where Telegram names none."""


MEDIA: Final[Mapping[str, Kind]] = {
    "animation": Kind("animation", MediaKind.ANIMATION, "video/mp4"),  # also sets `document`
    "document": Kind("document", MediaKind.FILE, "application/octet-stream"),
    "video": Kind("video", MediaKind.VIDEO, "video/mp4"),
    "audio": Kind("audio", MediaKind.AUDIO, "audio/mpeg"),
    "voice": Kind("voice message", MediaKind.VOICE, "audio/ogg"),
    "video_note": Kind("video message", MediaKind.VIDEO, "video/mp4"),
    "sticker": Kind("sticker", MediaKind.STICKER, "image/webp"),
}
PHOTO: Final = Kind("photo", MediaKind.IMAGE, "image/jpeg")


def _poll(data: Mapping[str, Any]) -> str:
    options = [option.get("text", "") for option in within(data.get("options")) if isinstance(option, dict)]
    return "\n".join([f"[poll] {data.get('question', '')}", *(f"- {option}" for option in options)])


def _dice(data: Mapping[str, Any]) -> str:
    return f"{data.get('emoji', '🎲')} {data.get('value', '')}"


def _web_app(data: Mapping[str, Any]) -> str:
    return str(data.get("button_text") or "[web app data]")


NATIVES: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "poll": _poll,
    "dice": _dice,
    "web_app_data": _web_app,
    "game": lambda data: f"[game] {data.get('title', '')}",
    "checklist": lambda data: f"[checklist] {data.get('title', '')}",
    "invoice": lambda data: f"[invoice] {data.get('title', '')}",
    "successful_payment": lambda data: f"[payment] {data.get('total_amount', '')} {data.get('currency', '')}",
    "refunded_payment": lambda data: f"[refund] {data.get('total_amount', '')} {data.get('currency', '')}",
    "story": lambda _: "[story]",
    "paid_media": lambda _: "[paid media]",
    "live_photo": lambda _: "[live photo]",
    "giveaway": lambda _: "[giveaway]",
    "giveaway_winners": lambda _: "[giveaway winners]",
    "gift": lambda _: "[gift]",
    "unique_gift": lambda _: "[gift]",
    "users_shared": lambda _: "[shared people]",
    "chat_shared": lambda _: "[shared chat]",
    "passport_data": lambda _: "[passport data]",
}
"""What no part of ours expresses, and how it reads as text."""


def content(message: Message, raw: Callable[[], Mapping[str, Any]]) -> Content | None:
    """What a message says; None where nothing of it is content. `raw` gives the message as it came, if need be."""
    said = _words(message) or _held(message) or _thing(message) or _native(raw())
    if said is None or message.forward_origin is None:
        return said
    origin = NativePart(kind="forward_origin", data=bounded(message.forward_origin, DEEPEST))
    return said._replace(parts=(*said.parts, origin))


def _words(message: Message) -> Content | None:
    if message.text is None:
        return None
    return Content(message.text, _formatted(message.text, message.entities))


def _held(message: Message) -> Content | None:
    found = _file(message)
    if found is None:
        return None
    kind, held = found
    media = Media(
        source=held.file_id,
        kind=kind.kind,
        media_type=_media_type(kind, held),
        name=held.file_name or held.title,
        size=held.file_size,
        alt=held.emoji,
        duration=held.duration,
    )
    if message.caption is not None:
        return Content(message.caption, _formatted(message.caption, message.caption_entities), (media,))
    if message.media_group_id is not None:
        return Content("", (), (media,))
    named = held.file_name or held.emoji
    return Content(f"[{kind.word}: {named}]" if named else f"[{kind.word}]", (), (media,))


def _file(message: Message) -> tuple[Kind, Held] | None:
    if message.photo:
        return PHOTO, message.photo[-1]  # the last is the largest
    for name, kind in MEDIA.items():
        held = getattr(message, name)
        if held is not None:
            return kind, held
    return None


def _media_type(kind: Kind, held: Held) -> str:
    if held.is_animated:
        return "application/x-tgsticker"
    if held.is_video:
        return "video/webm"
    return held.mime_type or kind.media_type


def _thing(message: Message) -> Content | None:
    if message.contact is not None:
        told = message.contact
        name = f"{told.first_name} {told.last_name or ''}".strip()
        phone = _phone(told.phone_number)
        return Content(f"[contact] {name}, {phone}", (ContactCardPart(name=name, phones=(phone,)),))
    if message.venue is not None:  # also sets `location`
        at, venue = message.venue.location, message.venue
        place = LocationPart(latitude=at.latitude, longitude=at.longitude, name=venue.title, address=venue.address)
        return Content(f"[location] {venue.title}, {venue.address}", (place,))
    if message.location is not None:
        at = message.location
        return Content(
            f"[location] {at.latitude}, {at.longitude}",
            (LocationPart(latitude=at.latitude, longitude=at.longitude),),
        )
    return None


def _native(raw: Mapping[str, Any]) -> Content | None:
    for kind, told in NATIVES.items():
        if kind in raw:
            data = raw[kind] if isinstance(raw[kind], dict) else {"value": raw[kind]}
            return Content(told(data), (NativePart(kind=kind, data=bounded(data, DEEPEST)),))
    return None


def _formatted(text: str, entities: list[Entity]) -> tuple[TextPart, ...]:
    found = spans(text, entities) if entities else ()
    return (TextPart(text=text, spans=found),) if found else ()


def _phone(number: str) -> str:
    """E.164 where it reads so; Telegram often leaves the plus away."""
    digits = number.removeprefix("+").replace(" ", "")
    return f"+{digits}" if digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 15 else number
