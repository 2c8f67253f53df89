"""One call to what the hub records. Pure; what is not understood is said, never passed over in silence.

Weibo names no message: one of the same person, second and words is the same.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from connectors.channels.weibo.event import ANY, FILE, HAPPENED, PLACE, POSTED, Posted, moment
from connectors.kit.errors import BadPayload
from connectors.kit.nested import bounded
from connectors.kit.request import decode
from normalizer.context import Context, Said
from normalizer.inbound import (
    Address,
    ConsentChanged,
    Ignored,
    Inbound,
    Media,
    MessageReceived,
    Peer,
    Person,
    Unreadable,
)
from normalizer.model import ConsentState
from normalizer.parts import ChoicePart, LocationPart, MediaKind, NativePart, Part

SCHEME: Final = "weibo"
DEEPEST: Final = 16
"""Levels of nesting kept of what we pass on unread."""
CONSENT: Final[Mapping[str, ConsentState]] = {
    "follow": ConsentState.OPTED_IN,
    "subscribe": ConsentState.OPTED_IN,
    "unfollow": ConsentState.OPTED_OUT,
    "unsubscribe": ConsentState.OPTED_OUT,
}
FOLLOWED_BY_CODE: Final = "scan_follow"
IGNORED: Final[Mapping[str, str]] = {"view": "somebody opened a link of the menu"}


class Content(NamedTuple):
    text: str
    parts: tuple[Part, ...] = ()
    media: tuple[Media, ...] = ()
    entry: str = ""


def parse(body: bytes, account: int) -> list[Inbound]:
    """What one call says to the account of this uid. Raises BadPayload where not even who, when and what kind can be
    read."""
    posted = decode(body, POSTED)
    key = _key(posted)
    try:
        moment(posted.created_at)
        if posted.receiver_id != account:
            return [Unreadable(key=key, slice=body, reason="for another account")]
        return _happened(posted, key) if posted.type == "event" else [_message(posted, key, _content(posted))]
    except BadPayload as error:
        return [Unreadable(key=key, slice=body, reason=error.detail)]


def _key(posted: Posted) -> str:
    said = msgspec.json.encode([posted.created_at, posted.text, posted.data])
    return f"{posted.type}:{posted.sender_id}:{sha256(said).hexdigest()[:32]}"


def _message(posted: Posted, key: str, said: Content) -> Inbound:
    return MessageReceived(
        key=key,
        external_id=key,
        peer=_peer(posted),
        text=said.text,
        parts=said.parts,
        media=said.media,
        context=Context(entry=Said(value=said.entry[:256])) if said.entry else None,
        occurred_at=moment(posted.created_at),
    )


def _happened(posted: Posted, key: str) -> list[Inbound]:
    told = decode(bytes(posted.data), HAPPENED)
    if told.subtype in IGNORED:
        return [Ignored(key=key, reason=IGNORED[told.subtype])]
    if told.subtype in CONSENT:
        return [_consent(posted, key, told.subtype, CONSENT[told.subtype])]
    if told.subtype == "click":
        label = told.key or "menu"
        return [_message(posted, key, Content(f"[menu: {label}]", (ChoicePart(value=label),)))]
    if told.subtype not in ("scan", FOLLOWED_BY_CODE):
        return [_message(posted, key, _native(told.subtype, posted))]
    scanned = f"[scanned: {told.key}]" if told.key else "[scanned]"
    said = _message(posted, f"{key}:scene", Content(scanned, _native(told.subtype, posted).parts, (), told.key))
    if told.subtype == FOLLOWED_BY_CODE:
        return [_consent(posted, key, told.subtype, ConsentState.OPTED_IN), said]
    return [said]


def _consent(posted: Posted, key: str, source: str, state: ConsentState) -> Inbound:
    at = moment(posted.created_at)
    return ConsentChanged(key=key, peer=_peer(posted), state=state, source=source, occurred_at=at)


def _peer(posted: Posted) -> Peer:
    return Peer(person=Person(address=Address(scheme=SCHEME, value=str(posted.sender_id))))


def _content(posted: Posted) -> Content:
    reader = READERS.get(posted.type)
    return _native(posted.type, posted) if reader is None else reader(posted)


def _native(kind: str, posted: Posted) -> Content:
    return Content(
        posted.text or f"[{kind}]", (NativePart(kind=kind, data=bounded(decode(bytes(posted.data), ANY), DEEPEST)),)
    )


def _place(posted: Posted) -> Content:
    found = decode(bytes(posted.data), PLACE)
    part = LocationPart(latitude=found.latitude, longitude=found.longitude)
    return Content(posted.text or "[location]", (part,))


def _file(kind: MediaKind, media_type: str) -> Callable[[Posted], Content]:
    def read(posted: Posted) -> Content:
        name = str(decode(bytes(posted.data), FILE).tovfid)
        return Content(posted.text or f"[{kind}]", (), (Media(source=name, kind=kind, media_type=media_type),))

    return read


READERS: Final[Mapping[str, Callable[[Posted], Content]]] = {
    "text": lambda posted: Content(posted.text or "[empty message]"),
    "position": _place,
    "image": _file(MediaKind.IMAGE, "image/jpeg"),
    "voice": _file(MediaKind.VOICE, "audio/amr"),
}
