"""Events: what people did without writing, and what WeChat tells of messages and of the account."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

import msgspec

from connectors.channels.wechat.content import native, place
from connectors.channels.wechat.event import Chosen, Finished, Happened, Position, Posted, Scanned, typed
from connectors.channels.wechat.reading import Tree
from connectors.kit.content import Content
from normalizer.context import Context, Said
from normalizer.errors import ErrorCode
from normalizer.inbound import (
    Address,
    ConsentChanged,
    Ignored,
    Inbound,
    MessageReceived,
    Peer,
    Person,
    StatusChanged,
)
from normalizer.model import ConsentState
from normalizer.parts import ChoicePart, LocationPart
from normalizer.status import Status

SCHEME: Final = "wechat"
SCENE: Final = "qrscene_"
"""Stands before the name of a code that somebody subscribed by."""
SUCCESS: Final = "success"
BLOCKED: Final = "user block"
LATEST: Final = 253_402_300_799
"""The last second of the year 9999; what is more is told in milliseconds."""
IGNORED: Final[Mapping[str, str]] = {
    "VIEW": "somebody opened a link of the menu",
    "view_miniprogram": "somebody opened a mini program from the menu",
    "pic_sysphoto": "the pictures come as messages",
    "pic_photo_or_album": "the pictures come as messages",
    "pic_weixin": "the pictures come as messages",
    "MASSSENDJOBFINISH": "a broadcast from elsewhere ended",
    "kf_create_session": "WeChat's own desk took a conversation",
    "kf_close_session": "WeChat's own desk closed a conversation",
    "kf_switch_session": "WeChat's own desk passed a conversation on",
    "user_enter_tempsession": "somebody opened the chat and has said nothing yet",
    "subscribe_msg_popup_event": "a word about templates, which are not sent from here",
    "subscribe_msg_change_event": "a word about templates, which are not sent from here",
    "subscribe_msg_sent_event": "a word about templates, which are not sent from here",
    "qualification_verify_success": "a word about the account itself",
    "qualification_verify_fail": "a word about the account itself",
    "naming_verify_success": "a word about the account itself",
    "naming_verify_fail": "a word about the account itself",
    "annual_renew": "a word about the account itself",
    "verify_expired": "a word about the account itself",
}


def happening(told: Happened, tree: Tree, *, positions: bool) -> list[Inbound]:
    """Raises BadPayload."""
    if told.event in IGNORED:
        return [Ignored(key=key(told, tree), reason=IGNORED[told.event])]
    if told.event == "LOCATION" and not positions:
        return [Ignored(key=key(told, tree), reason="where somebody is; `positions` says not to keep it")]
    reader = READERS.get(told.event)
    if reader is not None:
        return reader(told, tree)
    return [_as_message(told, tree, native(told.event, tree))]


def key(told: Happened, tree: Tree) -> str:
    """Events have no names; WeChat says to know one again by who, when and what."""
    about = tree.get("MsgID", tree.get("MsgId", ""))
    detail = msgspec.json.encode([told.event_key, about])
    who = f"{told.from_user_name}:{told.create_time}"
    return f"event:{who}:{told.event[:64]}:{sha256(detail).hexdigest()[:16]}"


def peer(told: Posted) -> Peer:
    return Peer(person=Person(address=Address(scheme=SCHEME, value=told.from_user_name)))


def moment(told: Posted) -> datetime:
    at = told.create_time
    return datetime.fromtimestamp(at if at <= LATEST else at / 1000, UTC)


def _as_message(told: Happened, tree: Tree, said: Content, entry: str = "") -> Inbound:
    name = key(told, tree)
    return MessageReceived(
        key=name,
        external_id=name,
        peer=peer(told),
        text=said.text,
        parts=said.parts,
        context=Context(entry=Said(value=entry)) if entry else None,
        occurred_at=moment(told),
    )


def _consent(told: Happened, tree: Tree, state: ConsentState) -> Inbound:
    return ConsentChanged(
        key=key(told, tree), peer=peer(told), state=state, source=told.event, occurred_at=moment(told)
    )


def _subscribed(told: Happened, tree: Tree) -> list[Inbound]:
    """By a code of the account's: with what the code stands for."""
    joined = _consent(told, tree, ConsentState.OPTED_IN)
    if not told.event_key.startswith(SCENE):
        return [joined]
    entry = _scan(told, tree)
    return [joined, msgspec.structs.replace(entry, key=f"{entry.key}:scene", external_id=f"{entry.key}:scene")]


def _scan(told: Happened, tree: Tree) -> MessageReceived:
    scene = told.event_key.removeprefix(SCENE)
    said = native("SCAN", tree)
    entry = _as_message(told, tree, Content(f"[scanned: {scene}]" if scene else "[scanned]", said.parts), scene)
    assert isinstance(entry, MessageReceived)
    return entry


def _clicked(told: Happened, tree: Tree) -> list[Inbound]:
    label = told.event_key or "menu"
    return [_as_message(told, tree, Content(f"[menu: {label}]", (ChoicePart(value=label),)))]


def _code(told: Happened, tree: Tree) -> list[Inbound]:
    """A code that somebody read with the menu's own camera."""
    found = typed(tree, Scanned).scan_code_info.scan_result
    return [_as_message(told, tree, Content(found or "[scanned]", (ChoicePart(value=told.event_key),)))]


def _position(told: Happened, tree: Tree) -> list[Inbound]:
    found = typed(tree, Position)
    part = LocationPart(latitude=found.latitude, longitude=found.longitude)
    return [_as_message(told, tree, Content("[location]", (part,)))]


def _finished(told: Happened, tree: Tree) -> list[Inbound]:
    found = typed(tree, Finished)
    done = found.status == SUCCESS
    code = ErrorCode.OPTED_OUT if BLOCKED in found.status else ErrorCode.UNKNOWN
    status = StatusChanged(
        key=key(told, tree),
        external_id=found.id,
        status=Status.DELIVERED if done else Status.FAILED,
        error_code=None if done else code,
        provider_code=None if done else found.status[:120],
        occurred_at=moment(told),
    )
    return [status]


READERS: Final[Mapping[str, Callable[[Happened, Tree], list[Inbound]]]] = {
    "subscribe": _subscribed,
    "unsubscribe": lambda told, tree: [_consent(told, tree, ConsentState.OPTED_OUT)],
    "SCAN": lambda told, tree: [_scan(told, tree)],
    "LOCATION": _position,
    "CLICK": _clicked,
    "scancode_push": _code,
    "scancode_waitmsg": _code,
    "location_select": lambda told, tree: [
        _as_message(told, tree, place(typed(tree, Chosen).send_location_info)),
    ],
    "TEMPLATESENDJOBFINISH": _finished,
}
