"""What a channel can express, as data, and the names by which fixtures and capability are held against each other."""

from collections.abc import Iterable
from typing import Any

import msgspec

from connectors.kit.base import Outbound, OutboundEdit, OutboundReaction
from normalizer.capability import ActionLimit, Capability, CardLimit, Encoding, MediaLimit, SegmentLimit, TextLimit
from normalizer.inbound import CallChanged, Inbound, MessageEdited, MessageReceived

__all__ = [
    "FREE",
    "ActionLimit",
    "Capability",
    "CardLimit",
    "Encoding",
    "MediaLimit",
    "SegmentLimit",
    "TextLimit",
    "in_order",
    "inbound_names",
    "outbound_names",
    "shows",
]

FREE = frozenset({"unreadable", "ignored"})
"""Inbound types any plugin may produce without declaring them."""


def in_order(capability: Capability | None) -> Any:
    """A capability as plain data, its sets sorted: it reads the same in every process."""
    return msgspec.to_builtins(capability, order="deterministic")


def shows(capability: Capability) -> frozenset[str]:
    """Every name this capability promises on the way out.

    `text`, `span:<kind>`, `media:<kind>`, `caption`, `album`, `action:<type>`, `location`, `contact_card`, `cards`,
    `replies`, `edits`, `reactions`, `typing`, `reads`, `templates`. The way in is promised by `Capability.inbound`: the
    `type` tags, and where a plugin wants to be held to them, `part:<type>` and `media:<kind>`.
    """
    media, actions = capability.media, capability.actions
    names = {"text", *_prefixed("span", capability.spans)}
    if media is not None:
        names |= set(_prefixed("media", media.kinds))
        names |= {"caption"} if media.caption is not None else set()
        names |= {"album"} if media.album > 1 else set()
    if actions is not None:
        names |= set(_prefixed("action", actions.types))
    flags = {
        "location": capability.location,
        "contact_card": capability.contact_card,
        "cards": capability.cards,
        "replies": capability.replies,
        "edits": capability.edits,
        "reactions": capability.reactions is not None,
        "typing": capability.typing,
        "reads": capability.reads,
        "templates": capability.templates,
    }
    return frozenset(names | {name for name, declared in flags.items() if declared})


def outbound_names(outbound: Outbound | OutboundEdit | OutboundReaction | None) -> frozenset[str]:
    """The names of `shows` that one outbound message uses; None stands for typing."""
    if outbound is None:
        return frozenset({"typing"})
    if isinstance(outbound, OutboundReaction):
        return frozenset({"reactions"})
    payload = outbound.payload
    used = {
        "text": bool(payload.text) and not payload.media,
        "caption": bool(payload.text) and bool(payload.media),
        "album": len(payload.media) > 1,
        "location": payload.location is not None,
        "contact_card": payload.contact_card is not None,
        "cards": bool(payload.cards),
        "replies": outbound.reply_to is not None,
        "edits": isinstance(outbound, OutboundEdit),
        "templates": payload.template is not None,
    }
    return frozenset(
        {name for name, is_used in used.items() if is_used}
        | set(_prefixed("span", (span.kind for span in payload.spans)))
        | set(_prefixed("media", (part.kind for part in payload.media)))
        | set(_prefixed("action", map(_tag, payload.actions)))
    )


def inbound_names(item: Inbound) -> frozenset[str]:
    """The names of one item: its type tag, and `part:` and `media:` names of what it carries."""
    names = {_tag(item)}
    if isinstance(item, MessageReceived | MessageEdited):
        names |= set(_prefixed("part", map(_tag, item.parts)))
        names |= set(_prefixed("media", (media.kind for media in item.media or ())))
    if isinstance(item, CallChanged) and item.recording is not None:
        names.add(f"media:{item.recording.kind}")
    return frozenset(names)


def _prefixed(prefix: str, names: Iterable[str]) -> Iterable[str]:
    return (f"{prefix}:{name}" for name in names)


def _tag(value: Any) -> str:
    return str(value.__struct_config__.tag)
