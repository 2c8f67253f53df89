"""A payload as the body of one message.

WhatsApp fetches files itself, so each goes by its address, unless it was brought there before. What a message cannot
hold is refused rather than left out; `render` knows most of it from the capability. Source:
developers.facebook.com/docs/whatsapp/cloud-api/reference/messages (read 2026-11).
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from connectors.families.meta.whatsapp.buttons import Way, interactive
from connectors.families.meta.whatsapp.capability import PICTURES, SOUNDS, STICKERS, VIDEOS
from connectors.families.meta.whatsapp.people import recipient
from connectors.kit.base import File, Outbound, OutboundReaction
from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import ContactCardPart, LocationPart, MediaKind, MediaPart
from normalizer.payload import Payload

LONGEST_TOKEN: Final = 512
Body = dict[str, Any]
Content = tuple[str, Any]
"""The type of a message, and what stands under it."""
Refer = Callable[[File], Body]
"""How a message names a file: by its address, or by what it is called where it was brought."""

SHOWN: Final = (
    ("sticker", frozenset({MediaKind.STICKER}), STICKERS),
    ("image", frozenset({MediaKind.IMAGE}), PICTURES),
    ("video", frozenset({MediaKind.VIDEO, MediaKind.ANIMATION}), VIDEOS),
    ("audio", frozenset({MediaKind.AUDIO, MediaKind.VOICE}), SOUNDS),
)
"""By which type a file is shown, its kind and media type permitting; all others are documents."""
DOCUMENT: Final = "document"
CAPTIONED: Final = frozenset({"image", "video", DOCUMENT})


def by_address(file: File) -> Body:
    """A file that WhatsApp fetches. Raises Refused."""
    return {"link": _address(file)}


def message(outbound: Outbound, list_label: str, template: Body | None = None, refer: Refer = by_address) -> Body:
    """`template` is what is sent of one, where the payload is one. Raises Refused, Unreachable."""
    to = recipient(outbound.address)
    kind, said = ("template", template) if template is not None else _content(outbound, list_label, refer)
    body = {**_begun(to), "type": kind, kind: said}
    if outbound.reply_to is not None:
        body["context"] = {"message_id": outbound.reply_to}
    return {**body, "biz_opaque_callback_data": outbound.token[:LONGEST_TOKEN]}


def reaction(outbound: OutboundReaction) -> Body:
    """Raises Unreachable."""
    told = {"message_id": outbound.external_id, "emoji": outbound.reaction or ""}
    return {**_begun(recipient(outbound.address)), "type": "reaction", "reaction": told}


def read(external_id: str) -> Body:
    """Marks what the person wrote as read."""
    return {"messaging_product": "whatsapp", "status": "read", "message_id": external_id}


def typing(external_id: str) -> Body:
    """Shows for 25 seconds, or until something is sent, and marks what the person wrote as read."""
    told = {"status": "read", "message_id": external_id, "typing_indicator": {"type": "text"}}
    return {"messaging_product": "whatsapp", **told}


def head(outbound: Outbound, kind: str, refer: Refer = by_address) -> Body:
    """The file at a template's head. Raises Refused."""
    part = outbound.payload.media[0]
    file = _stored(outbound, part)
    shown = _shown(part, file)
    if kind != DOCUMENT and shown != kind:
        raise Refused(f"a template's head that is {shown} and not {kind}", code=ErrorCode.TEMPLATE_INVALID)
    return _file(part, file, kind, refer)


def is_person(address: Address) -> bool:
    return recipient(address)["recipient_type"] == "individual"


def _begun(to: Body) -> Body:
    return {"messaging_product": "whatsapp", **to}


def _content(outbound: Outbound, list_label: str, refer: Refer) -> Content:
    payload = outbound.payload
    if payload.cards or len(payload.media) > 1:
        raise Refused("one file in a message, and no cards", code=ErrorCode.CONTENT_UNSUPPORTED)
    if payload.actions:
        return "interactive", _offer(outbound, list_label, refer)
    if payload.media:
        return _captioned(outbound, payload, refer)
    if payload.location is not None:
        return "location", _place(payload.location)
    if payload.contact_card is not None:
        return "contacts", [_card(payload.contact_card)]
    if not payload.text.strip():
        raise Refused("nothing to say", code=ErrorCode.CONTENT_UNSUPPORTED)
    return "text", {"body": payload.text, "preview_url": False}


def _offer(outbound: Outbound, list_label: str, refer: Refer) -> Body:
    payload, way = outbound.payload, Way(list_label, outbound.token)
    if not payload.media:
        return interactive(payload.text or _named(payload), payload.actions, way, None)
    part = payload.media[0]
    file = _stored(outbound, part)
    kind = _shown(part, file)
    above = {"type": kind, kind: _file(part, file, kind, refer)} if kind in CAPTIONED else None
    text = payload.text or part.alt or file.name
    made = interactive(text, payload.actions, way, above)
    if above is None or "header" not in made:  # a list, and what is no picture, cannot have it at the head
        return interactive(f"{text}\n{_address(file)}", payload.actions, way, None)
    return made


def _named(payload: Payload) -> str:
    """In words what cannot stand above buttons."""
    place, card = payload.location, payload.contact_card
    lines: list[str | None] = []
    if place is not None:
        lines += [place.name, place.address, f"{place.latitude:.6f}, {place.longitude:.6f}"]
    if card is not None:
        lines += [card.name, card.organization, *card.phones, *card.emails]
    return "\n".join(filter(None, lines)) or "…"


def _captioned(outbound: Outbound, payload: Payload, refer: Refer) -> Content:
    part = payload.media[0]
    file = _stored(outbound, part)
    kind = _shown(part, file)
    if payload.text and kind not in CAPTIONED:
        kind = DOCUMENT  # which can have words, as a sound cannot
    told = _file(part, file, kind, refer)
    return kind, {**told, "caption": payload.text} if payload.text else told


def _shown(part: MediaPart, file: File) -> str:
    return next((kind for kind, kinds, types in SHOWN if part.kind in kinds and file.media_type in types), DOCUMENT)


def _file(part: MediaPart, file: File, kind: str, refer: Refer) -> Body:
    told = refer(file)
    return {**told, "filename": part.name or file.name} if kind == DOCUMENT else told


def _place(place: LocationPart) -> Body:
    told = {"latitude": place.latitude, "longitude": place.longitude, "name": place.name, "address": place.address}
    return {name: value for name, value in told.items() if value is not None}


def _card(card: ContactCardPart) -> Body:
    told: Body = {"name": {"formatted_name": card.name, "first_name": card.name}}
    told |= {"phones": _each("phone", card.phones)} if card.phones else {}
    told |= {"emails": _each("email", card.emails)} if card.emails else {}
    return told | ({"org": {"company": card.organization}} if card.organization else {})


def _each(name: str, values: Sequence[str]) -> list[dict[str, str]]:
    return [{name: value} for value in values]


def _stored(outbound: Outbound, part: MediaPart) -> File:
    file = outbound.files.get(part.attachment_id)
    if file is None:
        raise Refused(f"no file for attachment {part.attachment_id}", code=ErrorCode.MEDIA_UNREACHABLE)
    return file


def _address(file: File) -> str:
    """Where WhatsApp fetches a file. Raises Refused."""
    if file.url is None or not file.url.startswith("https://"):
        raise Refused(f"no https address to fetch {file.attachment_id} from", code=ErrorCode.MEDIA_UNREACHABLE)
    return file.url
