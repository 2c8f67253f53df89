"""What a message says: its text, parts and files.

A message without words gets a readable placeholder in brackets, so that `text` always stands. Source:
developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components (read 2026-11).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from connectors.families.meta.whatsapp.event import MESSAGE, RAW, Card, CardPhone, Form, Held, Message
from connectors.kit.content import Content
from connectors.kit.errors import BadPayload
from connectors.kit.nested import bounded
from connectors.kit.request import decode
from normalizer.addresses import InvalidAddress, normalise
from normalizer.inbound import Media
from normalizer.parts import ChoicePart, ContactCardPart, LocationPart, MediaKind, NativePart

DEEPEST: Final = 16
"""Levels of nesting kept of what we pass on unread."""
OCTETS: Final = "application/octet-stream"
LONGEST_TYPE: Final = 100


class Shown(NamedTuple):
    kind: MediaKind
    media_type: str
    """Where none is told."""


MEDIA: Final[Mapping[str, Shown]] = {
    "image": Shown(MediaKind.IMAGE, "image/jpeg"),
    "video": Shown(MediaKind.VIDEO, "video/mp4"),
    "audio": Shown(MediaKind.AUDIO, "audio/ogg"),
    "voice": Shown(MediaKind.VOICE, "audio/ogg"),
    "document": Shown(MediaKind.FILE, OCTETS),
    "sticker": Shown(MediaKind.STICKER, "image/webp"),
}


def content(body: bytes) -> Content:
    """What a message says, given as it came. Raises BadPayload."""
    message = decode(body, MESSAGE)
    reader = READERS.get(message.type)
    said = reader(message, body) if reader is not None else None
    return said if said is not None else _native(message, body)


def _words(message: Message, _: bytes) -> Content | None:
    return None if message.text is None else Content(message.text.body)


def _held(message: Message, _: bytes) -> Content | None:
    held: Held | None = getattr(message, message.type)
    if held is None:
        return None
    shown = MEDIA["voice" if held.voice else message.type]
    told = (held.mime_type or "").partition(";")[0].strip().lower()
    media = Media(
        source=f"media:{held.id}",
        kind=shown.kind,
        media_type=told if 0 < len(told) <= LONGEST_TYPE else shown.media_type,
        name=held.filename,
    )
    placeholder = f"[{shown.kind}: {held.filename}]" if held.filename else f"[{shown.kind}]"
    return Content(held.caption or placeholder, (), (media,))


def _place(message: Message, _: bytes) -> Content | None:
    place = message.location
    if place is None:
        return None
    part = LocationPart(latitude=place.latitude, longitude=place.longitude, name=place.name, address=place.address)
    told = ", ".join(filter(None, (place.name, place.address))) or f"{place.latitude}, {place.longitude}"
    return Content(f"[location] {told}", (part,))


def _cards(message: Message, _: bytes) -> Content | None:
    cards = tuple(_card(one) for one in message.contacts)
    if not cards:
        return None
    return Content("\n".join(f"[contact: {one.name}]" for one in cards), cards)


def _card(card: Card) -> ContactCardPart:
    return ContactCardPart(
        name=card.name.formatted_name,
        phones=tuple(filter(None, map(_phone, card.phones))),
        emails=tuple(one.email for one in card.emails if one.email),
        organization=card.org.company,
    )


def _phone(phone: CardPhone) -> str | None:
    written = f"+{phone.wa_id}" if phone.wa_id else phone.phone
    try:
        return normalise("tel", written) if written else None
    except InvalidAddress:
        return phone.phone


def _pressed(message: Message, _: bytes) -> Content | None:
    """A quick reply of a template."""
    button = message.button
    if button is None:
        return None
    return Content(button.text, (ChoicePart(value=button.payload or button.text, label=button.text),))


def _answered(message: Message, _: bytes) -> Content | None:
    """A button of ours, a row of a list, or a form that was filled in."""
    told = message.interactive
    if told is None:
        return None
    if told.nfm_reply is not None:
        return _form(told.nfm_reply)
    picked = told.button_reply or told.list_reply
    if picked is None:
        return None
    return Content(picked.title or picked.id, (ChoicePart(value=picked.id, label=picked.title or None),))


def _form(form: Form) -> Content:
    try:
        response: Any = bounded(decode(form.response_json.encode(), RAW), DEEPEST)
    except (BadPayload, UnicodeEncodeError):
        response = form.response_json
    data = {"name": form.name, "body": form.body, "response": response}
    return Content(form.body or f"[form: {form.name}]", (NativePart(kind="nfm_reply", data=data),))


def _order(message: Message, body: bytes) -> Content | None:
    if message.order is None:
        return None
    data = bounded(decode(body, RAW)["order"], DEEPEST)
    text = message.order.text or f"[order: {len(message.order.product_items)} products]"
    return Content(text, (NativePart(kind="order", data=data),))


def _unshown(message: Message, body: bytes) -> Content:
    """What the Cloud API does not pass on: polls, view-once pictures and others."""
    kind = message.unsupported.type if message.unsupported is not None else ""
    said = _native(message, body)
    return said._replace(text=f"[unsupported: {kind}]" if kind else "[unsupported]")


def _native(message: Message, body: bytes) -> Content:
    """What we do not know, as it came."""
    raw = decode(body, RAW)
    data = bounded({name: value for name, value in raw.items() if name not in UNKEPT}, DEEPEST)
    kind = message.type or "unknown"
    return Content(f"[{kind}]", (NativePart(kind=kind, data=data),))


UNKEPT: Final = frozenset(
    {"id", "from", "from_user_id", "timestamp", "type", "context", "referral", "to", "to_user_id"}
)
"""Keys of a message that say nothing of its content."""
READERS: Final[Mapping[str, Callable[[Message, bytes], Content | None]]] = {
    "text": _words,
    "location": _place,
    "contacts": _cards,
    "button": _pressed,
    "interactive": _answered,
    "order": _order,
    "unsupported": _unshown,
    **dict.fromkeys(MEDIA, _held),
}
