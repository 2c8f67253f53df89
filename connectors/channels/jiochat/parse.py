"""One call to what the hub records. Pure; what is not understood is said, never passed over in silence."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from connectors.channels.jiochat.event import POSTED, RAW, Posted, moment
from connectors.kit.content import Content
from connectors.kit.errors import BadPayload
from connectors.kit.nested import bounded
from connectors.kit.request import Request, decode
from normalizer.inbound import Address, ConsentChanged, Inbound, Media, MessageReceived, Peer, Person
from normalizer.model import ConsentState
from normalizer.parts import MediaKind, NativePart

SCHEME: Final = "jiochat"
EVENT: Final = "event"
TEXT: Final = "text"
DEEPEST: Final = 16
"""Levels of nesting kept of what we pass on unread."""
CONSENT: Final[Mapping[str, ConsentState]] = {
    "subscribe": ConsentState.OPTED_IN,
    "unsubscribe": ConsentState.OPTED_OUT,
}
FILES: Final[Mapping[str, MediaKind]] = {
    "image": MediaKind.IMAGE,
    "voice": MediaKind.VOICE,
    "video": MediaKind.VIDEO,
}
"""By type of message."""
UNTOLD: Final = "application/octet-stream"
"""The file's own type is told when it is fetched."""
ENVELOPE: Final = frozenset({"ToUsername", "ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId", "Event"})
"""What of a call says nothing that is not kept elsewhere."""


def parse(request: Request) -> list[Inbound]:
    """Raises BadPayload."""
    posted = decode(request.body, POSTED)
    return [(_event if posted.msg_type == EVENT else _message)(posted, request)]


def _message(posted: Posted, request: Request) -> Inbound:
    if posted.msg_id is None:
        raise BadPayload("a message without MsgId")
    said = _content(posted, request.body)
    return MessageReceived(
        key=f"message:{posted.msg_id}",
        external_id=str(posted.msg_id),
        peer=_peer(posted),
        text=said.text,
        parts=said.parts,
        media=said.media,
        occurred_at=moment(posted, request.received_at),
    )


def _event(posted: Posted, request: Request) -> Inbound:
    """Events have no names: one of the same person, time and content is the same."""
    if not posted.event:
        raise BadPayload("an event without a name")
    digest = sha256(request.body).hexdigest()[:16]
    key = f"event:{posted.from_user_name}:{posted.create_time}:{posted.event}:{digest}"
    at, state = moment(posted, request.received_at), CONSENT.get(posted.event)
    if state is not None:
        return ConsentChanged(key=key, peer=_peer(posted), state=state, source=posted.event, occurred_at=at)
    said = _native(posted.event, request.body)
    return MessageReceived(
        key=key, external_id=key, peer=_peer(posted), text=said.text, parts=said.parts, occurred_at=at
    )


def _content(posted: Posted, body: bytes) -> Content:
    if posted.msg_type == TEXT:
        return Content(posted.content or "[empty message]")
    if posted.msg_type not in FILES:
        return _native(posted.msg_type, body)
    if not posted.media_id:
        raise BadPayload("a file without MediaId")
    media = (Media(source=posted.media_id, kind=FILES[posted.msg_type], media_type=UNTOLD),)
    return Content(posted.content or f"[{posted.msg_type}]", (), media)


def _native(kind: str, body: bytes) -> Content:
    """What no other part expresses, as it came."""
    told: dict[str, Any] = {name: value for name, value in decode(body, RAW).items() if name not in ENVELOPE}
    return Content(f"[{kind[:64]}]", (NativePart(kind=kind[:64], data=bounded(told, DEEPEST)),))


def _peer(posted: Posted) -> Peer:
    return Peer(person=Person(address=Address(scheme=SCHEME, value=posted.from_user_name)))
