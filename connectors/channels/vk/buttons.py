"""Buttons under a message, and what comes back of one.

A pressed text button comes back as a message with our payload, a callback button as an event that VK wants a word
about. Source: dev.vk.com/en/api/bots/development/keyboard (read 2026-11).
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from connectors.kit.errors import Refused
from normalizer.errors import ErrorCode
from normalizer.parts import (
    Action,
    ChoicePart,
    LinkAction,
    PostbackAction,
    ReplyAction,
    ShareLocationAction,
)

MOST: Final = 6
"""Lines of a keyboard within a message; a button has a line of its own."""
LONGEST_LABEL: Final = 40
LONGEST_PAYLOAD: Final = 255
LONGEST_VALUE: Final = 64
"""Octets of a value, so that it and its label fit the payload however they are escaped."""


class Payload(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a button carries for us."""

    value: str
    label: str | None = None


PAYLOAD = msgspec.json.Decoder(Payload)


def keyboard(actions: Sequence[Action]) -> str:
    """As the field `keyboard`. Raises Refused."""
    if len(actions) > MOST:
        raise Refused(f"more than {MOST} buttons", code=ErrorCode.CONTENT_UNSUPPORTED)
    lines = [[{"action": _action(action)}] for action in actions]
    return msgspec.json.encode({"inline": True, "buttons": lines}).decode()


def chosen(payload: Any, label: str | None = None) -> tuple[ChoicePart, ...]:
    """The choice that a payload of ours stands for; nothing for that of somebody else's button."""
    found = _ours(payload)
    return () if found is None else (ChoicePart(value=found.value, label=found.label or label),)


def _ours(payload: Any) -> Payload | None:
    try:
        if isinstance(payload, str):
            return PAYLOAD.decode(payload)
        return msgspec.convert(payload, Payload)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None


def _action(action: Action) -> dict[str, str]:
    match action:
        case ReplyAction(label=label, value=value):
            return {"type": "text", "label": label, "payload": _payload(Payload(value or label))}
        case PostbackAction(label=label, value=value):
            return {"type": "callback", "label": label, "payload": _payload(Payload(value, label))}
        case LinkAction(label=label, url=url):
            return {"type": "open_link", "label": label, "link": url}
        case ShareLocationAction():
            return {"type": "location"}
    raise Refused("a button VK does not have", code=ErrorCode.CONTENT_UNSUPPORTED)


def _payload(payload: Payload) -> str:
    text = msgspec.json.encode(payload).decode()
    if len(text) > LONGEST_PAYLOAD:
        raise Refused(
            f"a button's payload of more than {LONGEST_PAYLOAD} characters", code=ErrorCode.CONTENT_UNSUPPORTED
        )
    return text
