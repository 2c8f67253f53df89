"""One request to what the hub records. Pure; what is not understood is said, never passed over in silence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import msgspec

from connectors.channels.slack import people
from connectors.channels.slack.content import content
from connectors.channels.slack.emoji import said
from connectors.channels.slack.events import ENVELOPE, MESSAGE, REACTION, TYPED, Envelope, Message
from connectors.channels.slack.kinds import IGNORED, SERVICE
from connectors.channels.slack.pressed import interaction
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request, decode
from normalizer.inbound import (
    Ignored,
    Inbound,
    MessageEdited,
    MessageReceived,
    MessageRedacted,
    ReactionChanged,
    Unreadable,
)

FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Arrived:
    """The event a reader reads from."""

    event: bytes
    key: str
    app: str | None
    """Our own."""
    bots: frozenset[str]
    """Our bot's user id, where it is told."""
    channel_threads: bool

    def ours(self, message: Message) -> bool:
        """Whether our own app wrote it."""
        profile = message.bot_profile
        apps = (message.app_id, profile.app_id if profile is not None else None)
        return (self.app is not None and self.app in apps) or (message.user in self.bots)

    def ignored(self, reason: str) -> list[Inbound]:
        return [Ignored(key=self.key, reason=reason)]


def parse(request: Request, *, channel_threads: bool) -> list[Inbound]:
    """What a request says. Raises BadPayload where not even its id can be read."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM:
        return interaction(request, channel_threads=channel_threads)
    envelope = decode(request.body, ENVELOPE)
    reader = ENVELOPES.get(envelope.type)
    if reader is None:
        reason = f"a request of a kind we do not know: {envelope.type[:64]}"
        return [Unreadable(key=_digest(request.body), slice=request.body, reason=reason)]
    return reader(request, envelope, channel_threads)


def _handshake(request: Request, _envelope: Envelope, _channel_threads: bool) -> list[Inbound]:
    return [Ignored(key=_digest(request.body), reason="the address was verified")]


def _limited(request: Request, _envelope: Envelope, _channel_threads: bool) -> list[Inbound]:
    return [Ignored(key=_digest(request.body), reason="more than 30000 events an hour: some were withheld")]


def _event(request: Request, envelope: Envelope, channel_threads: bool) -> list[Inbound]:
    if not bytes(envelope.event) or envelope.event_id is None:
        raise BadPayload("an event without content or id")
    key, event = f"event:{envelope.event_id}", bytes(envelope.event)
    bots = frozenset(one.user_id for one in envelope.authorizations if one.is_bot and one.user_id)
    arrived = Arrived(event, key, envelope.api_app_id, bots, channel_threads)
    try:
        kind = decode(event, TYPED).type
        if kind in IGNORED:
            return arrived.ignored(IGNORED[kind])
        if kind in EVENTS:
            return EVENTS[kind](arrived)
    except BadPayload as error:
        return [Unreadable(key=key, slice=request.body, reason=error.detail)]
    return [Unreadable(key=key, slice=request.body, reason=f"an event of a kind we do not know: {kind[:64]}")]


def _message(arrived: Arrived) -> list[Inbound]:
    message = decode(arrived.event, MESSAGE)
    if message.channel is None:
        raise BadPayload("a message in no channel")
    reader = CHANGES.get(message.subtype or "", received)
    return reader(arrived, message, message.channel)


def received(arrived: Arrived, message: Message, channel: str) -> list[Inbound]:
    """Also of subtypes we do not know: their text stands, or a placeholder. Raises BadPayload."""
    if message.subtype in SERVICE:
        return arrived.ignored(f"a service message: {message.subtype}")
    if arrived.ours(message):
        return arrived.ignored("our own message")
    author, said_by = people.author(message), content(message)
    thread = people.thread_of(channel, message.ts, message.thread_ts, arrived.channel_threads)
    peer = people.peer(channel, author, thread, message.channel_type)
    return [
        MessageReceived(
            key=f"message:{channel}:{message.ts}",
            external_id=people.external_id(channel, message.ts),
            peer=peer,
            author=None if author == peer.person else author,
            text=said_by.text,
            parts=said_by.parts,
            media=said_by.media,
            references=people.references(channel, message),
            occurred_at=people.moment(message.ts),
            auto=message.bot_id is not None,
        )
    ]


def _edited(arrived: Arrived, changed: Message, channel: str) -> list[Inbound]:
    after, before = changed.message, changed.previous_message
    if after is None:
        raise BadPayload("an edit without the message")
    name = people.external_id(channel, after.ts)
    if after.subtype == "tombstone":  # what was deleted and has replies stays as a stone
        return [MessageRedacted(key=arrived.key, external_id=name, occurred_at=people.moment(changed.ts))]
    if arrived.ours(after):
        return arrived.ignored("our own message")
    if after.subtype in SERVICE:
        return arrived.ignored(f"a service message: {after.subtype}")
    if before is not None and (before.text, before.files) == (after.text, after.files):
        return arrived.ignored("nothing that was written changed")
    now = content(after)
    return [
        MessageEdited(
            key=arrived.key,
            external_id=name,
            text=now.text,
            parts=now.parts,
            media=None if before is None or before.files == after.files else now.media,
            occurred_at=people.moment(changed.ts),
        )
    ]


def _deleted(arrived: Arrived, changed: Message, channel: str) -> list[Inbound]:
    if changed.deleted_ts is None:
        raise BadPayload("a deletion of nothing")
    name = people.external_id(channel, changed.deleted_ts)
    return [MessageRedacted(key=arrived.key, external_id=name, occurred_at=people.moment(changed.ts))]


def _reacted(arrived: Arrived, *, added: bool) -> list[Inbound]:
    reaction = decode(arrived.event, REACTION)
    item = reaction.item
    if item.type != "message" or item.channel is None or item.ts is None:
        return arrived.ignored("a reaction to what is no message")
    if reaction.user in arrived.bots:
        return arrived.ignored("our own reaction")
    emoji = (said(reaction.reaction),)
    return [
        ReactionChanged(
            key=arrived.key,
            external_id=people.external_id(item.channel, item.ts),
            author=people.person(reaction.user),
            added=emoji if added else (),
            removed=() if added else emoji,
            occurred_at=people.moment(reaction.event_ts),
        )
    ]


def _digest(body: bytes) -> str:
    return f"request:{sha256(body).hexdigest()}"


ENVELOPES: Final[Mapping[str, Callable[[Request, Envelope, bool], list[Inbound]]]] = {
    "url_verification": _handshake,
    "event_callback": _event,
    "app_rate_limited": _limited,
}
EVENTS: Final[Mapping[str, Callable[[Arrived], list[Inbound]]]] = {
    "message": _message,
    "reaction_added": lambda arrived: _reacted(arrived, added=True),
    "reaction_removed": lambda arrived: _reacted(arrived, added=False),
}
CHANGES: Final[Mapping[str, Callable[[Arrived, Message, str], list[Inbound]]]] = {
    "message_changed": _edited,
    "message_deleted": _deleted,
}


def challenged(request: Request) -> bytes | None:
    """The challenge that the address is verified with, if this is one. Raises nothing."""
    try:
        envelope = decode(request.body, ENVELOPE)
    except BadPayload:
        return None
    challenge = envelope.challenge if envelope.type == "url_verification" else None
    return msgspec.json.encode({"challenge": challenge}) if challenge is not None else None
