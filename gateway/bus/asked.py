"""From a message on a queue of commands to what it asks: a CloudEvent 1.0 in structured mode, whose type is a command.

Whatever is wrong with it becomes the rejection it is answered with, once; nothing here raises.
Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md (read 2026-11).
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from gateway.bus.contract import Incoming
from gateway.keys import Scope
from gateway.send.asks import Rejected
from gateway.send.commanded import Wanted
from gateway.tracing import new_trace, trace_of
from normalizer.codec import decoder
from normalizer.commands import (
    EditMessage,
    LinkRoute,
    MergeContacts,
    RaiseEmergency,
    ReadConversation,
    RedactMessage,
    RequestVerification,
    SendMessage,
    SetReaction,
    SetTyping,
    UnlinkRoute,
    UnmergeContact,
    UpdateContact,
)
from normalizer.errors import ErrorCode
from normalizer.events import short_type, wire_type
from normalizer.model import Time

ID = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
MOST_TYPE = 255
TYPING_LASTS = timedelta(seconds=20)
"""Nobody is shown typing that was asked for longer ago."""


@dataclass(frozen=True)
class Kind:
    """What goes by one command type."""

    shape: type[msgspec.Struct]
    """Of the CloudEvent's `data`."""
    scope: Scope
    """What the queue must have."""


KINDS: Mapping[str, Kind] = {
    "message.send": Kind(SendMessage, Scope.WRITE),
    "message.edit": Kind(EditMessage, Scope.WRITE),
    "message.redact": Kind(RedactMessage, Scope.WRITE),
    "reaction.set": Kind(SetReaction, Scope.WRITE),
    "emergency.raise": Kind(RaiseEmergency, Scope.WRITE),
    "typing.set": Kind(SetTyping, Scope.WRITE),
    "conversation.read": Kind(ReadConversation, Scope.WRITE),
    "contact.update": Kind(UpdateContact, Scope.WRITE),
    "contact.merge": Kind(MergeContacts, Scope.WRITE),
    "contact.unmerge": Kind(UnmergeContact, Scope.WRITE),
    "route.link": Kind(LinkRoute, Scope.WRITE),
    "route.unlink": Kind(UnlinkRoute, Scope.WRITE),
    "verification.request": Kind(RequestVerification, Scope.WRITE),
}


@dataclass(frozen=True)
class Asked:
    """One command as it was understood."""

    id: str
    type: str
    wanted: Wanted | SetTyping
    said: bytes
    """What makes it the same command when it comes again: who repeats one may date it anew."""
    trace: str
    """The one it came with, by its `traceparent` or the message's; without one it begins one."""


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    specversion: str
    id: str
    source: str
    type: str
    time: Time | None = None
    expirytime: Time | None = None
    traceparent: Any = None
    """https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/extensions/distributed-tracing.md (read 2026-11)."""
    data: msgspec.Raw = msgspec.Raw()


class _Torso(msgspec.Struct, frozen=True):
    """What is left to answer to of an event that is none."""

    id: Any = None
    type: Any = None


def read(incoming: Incoming, scopes: frozenset[str], now: datetime) -> Asked:
    """What a message asks for, of a queue with these scopes."""
    try:
        event = decoder(_Event).decode(incoming.body)
    except msgspec.ValidationError as error:
        return _nothing(incoming, Rejected(422, "invalid", f"the command is no CloudEvent 1.0: {error}"))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _nothing(incoming, Rejected(400, "malformed", f"the command is no JSON: {error}"))
    except RecursionError:
        return _nothing(incoming, Rejected(400, "malformed", "the command is nested too deeply"))
    if not ID.fullmatch(event.id):
        return _nothing(incoming, Rejected(422, "invalid", "id: 1 to 255 visible ASCII characters"))
    said = event.type.encode() + b"\n" + _plain(event.data)
    trace = _trace(incoming, event.traceparent)
    return Asked(event.id, event.type[:MOST_TYPE], _wanted(event, scopes, now), said, trace)


def _wanted(event: _Event, scopes: frozenset[str], now: datetime) -> Any:
    kind = KINDS.get(short_type(event.type))
    if event.specversion != "1.0":
        return Rejected(422, "invalid", "specversion: this hub reads CloudEvents 1.0")
    if kind is None or event.type != wire_type(short_type(event.type)):
        known = ", ".join(map(wire_type, KINDS))
        return Rejected(422, "unknown_command", f"there is no command of this type; there are {known}")
    if kind.scope not in scopes and Scope.ADMIN not in scopes:
        return Rejected(403, "forbidden", f"this needs a subscription whose commands have the scope {kind.scope}")
    if _expired(event, kind, now):
        return Rejected(422, ErrorCode.EXPIRED, "the command is too old: its expirytime is past")
    if not bytes(event.data):
        return Rejected(422, "invalid", "data: it is missing")
    try:
        return decoder(kind.shape).decode(event.data)
    except msgspec.ValidationError as error:
        return Rejected(422, "invalid", f"data: {error}")
    except RecursionError:
        return Rejected(400, "malformed", "data: it is nested too deeply")


def _trace(incoming: Incoming, parent: object = None) -> str:
    named = trace_of(parent) if isinstance(parent, str) else None
    return named or trace_of(incoming.headers.get("traceparent")) or new_trace()


def _plain(data: msgspec.Raw) -> bytes:
    """JSON with neither its spaces nor its order."""
    try:
        return msgspec.json.encode(msgspec.json.decode(data), order="sorted")
    except (msgspec.DecodeError, RecursionError):  # missing, or more than a plain value holds
        return bytes(data)


def _expired(event: _Event, kind: Kind, now: datetime) -> bool:
    until = event.expirytime
    if until is None and kind.shape is SetTyping and event.time is not None:
        until = event.time + TYPING_LASTS
    return until is not None and until <= now


def _nothing(incoming: Incoming, rejected: Rejected) -> Asked:
    """An answer to what cannot be read, under whatever id its sender may know it by."""
    try:
        torso = decoder(_Torso).decode(incoming.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        torso = _Torso()
    id_ = next((id_ for id_ in (torso.id, incoming.message_id) if isinstance(id_, str) and ID.fullmatch(id_)), None)
    return Asked(
        id=id_ or f"unnamed-{hashlib.sha256(incoming.body).hexdigest()[:32]}",
        type=torso.type[:MOST_TYPE] if isinstance(torso.type, str) else "",
        wanted=rejected,
        said=incoming.body,
        trace=_trace(incoming),
    )
