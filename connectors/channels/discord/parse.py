"""One frame of the gateway, or one interaction, to what the hub records. Pure; what is not understood is said."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

from connectors.channels.discord.config import Config
from connectors.channels.discord.event import (
    ANY,
    DELETED,
    FRAME,
    INTERACTION,
    MESSAGE,
    POSTED,
    REACTED,
    UPDATED,
    File,
    Interaction,
    Message,
    User,
)
from connectors.channels.discord.wire import CHANNEL, SCHEME, value_of
from connectors.kit.errors import BadPayload
from connectors.kit.nested import bounded
from connectors.kit.request import Request, decode
from normalizer.inbound import (
    Address,
    Ignored,
    Inbound,
    Media,
    MessageEdited,
    MessageReceived,
    MessageRedacted,
    Peer,
    Person,
    ReactionChanged,
    Unreadable,
)
from normalizer.model import ConversationKind, Visibility
from normalizer.parts import ChoicePart, MediaKind, NativePart, Part

THREADS: Final = frozenset({10, 11, 12})
"""Types of channels that are threads: of announcements, public, private."""
PING: Final = 1
COMMAND: Final = 2
PRESS: Final = 3
SAID: Final = frozenset({0, 19})
"""Messages and answers; all others tell that somebody joined, pinned, and the like."""
EPOCH: Final = 1_420_070_400_000
"""Milliseconds after 1970 from which Discord's ids count."""
DEEPEST: Final = 16
KINDS: Final[Mapping[str, MediaKind]] = {
    "image": MediaKind.IMAGE,
    "video": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
}


class Heard(NamedTuple):
    """What a reader is given: the event, and what it came in."""

    event: bytes
    key: str
    at: datetime
    config: Config
    parent: str | None
    """Of a thread, the channel it is in."""


def parse(request: Request, config: Config) -> list[Inbound]:
    """What was posted, or came by the gateway and is read again. Raises BadPayload."""
    if decode(request.body, POSTED).op is not None:
        return frame(request.body, request.received_at, config)
    return _interaction(request, config)


def frame(body: bytes, at: datetime, config: Config) -> list[Inbound]:
    """Raises BadPayload."""
    told = decode(body, FRAME)
    kind, event = told.t or "", bytes(told.d)
    reader = READERS.get(kind)
    if reader is None:
        return []
    key = f"{kind}:{told.s}:{sha256(event).hexdigest()[:32]}"
    try:
        return [reader(Heard(event, key, at, config, told.parent))]
    except BadPayload as error:
        return [Unreadable(key=key, slice=body, reason=error.detail)]


def _created(heard: Heard) -> Inbound:
    said = decode(heard.event, MESSAGE)
    elsewhere = _elsewhere(heard, said.guild_id, said.channel_id)
    if elsewhere is not None:
        return elsewhere
    if said.author.bot:
        return Ignored(key=heard.key, reason="a bot said it")
    text, parts = _words(said, heard.event)
    reference = said.message_reference
    return MessageReceived(
        key=f"message:{said.id}",
        external_id=said.id,
        peer=_group(said.channel_id, heard.parent, heard.config) if said.guild_id else _private(said.author),
        author=_person(said.author) if said.guild_id else None,
        text=text,
        parts=parts,
        media=tuple(map(_media, said.attachments)),
        reply_to=reference.message_id if reference else None,
        occurred_at=said.timestamp,
    )


def _words(said: Message, event: bytes) -> tuple[str, tuple[Part, ...]]:
    if said.type not in SAID or not (said.content or said.attachments):
        kind = "message without words" if said.type in SAID else f"message {said.type}"
        return said.content or f"[{kind}]", (NativePart(kind=kind, data=bounded(decode(event, ANY), DEEPEST)),)
    names = " ".join(f"[file: {file.filename}]" if file.filename else "[file]" for file in said.attachments)
    return said.content or names, ()


def _media(file: File) -> Media:
    media_type = (file.content_type or "application/octet-stream").partition(";")[0].strip()
    kind = KINDS.get(media_type.partition("/")[0], MediaKind.FILE)
    return Media(
        source=file.url,
        kind=kind,
        media_type=media_type,
        name=file.filename or None,
        size=file.size,
        alt=file.description or None,
        duration=file.duration_secs,
    )


def _updated(heard: Heard) -> Inbound:
    said = decode(heard.event, UPDATED)
    elsewhere = _elsewhere(heard, said.guild_id, said.channel_id)
    if elsewhere is not None:
        return elsewhere
    if said.edited_timestamp is None or said.content is None or (said.author and said.author.bot):
        return Ignored(key=heard.key, reason="nothing that somebody wrote changed")
    at = said.edited_timestamp
    key = f"edit:{said.id}:{int(at.timestamp() * 1000)}"
    return MessageEdited(key=key, external_id=said.id, text=said.content or "[empty message]", occurred_at=at)


def _deleted(heard: Heard) -> Inbound:
    told = decode(heard.event, DELETED)
    elsewhere = _elsewhere(heard, told.guild_id, told.channel_id)
    return elsewhere or MessageRedacted(key=f"deleted:{told.id}", external_id=told.id, occurred_at=heard.at)


def _reacted(added: bool) -> Callable[[Heard], Inbound]:
    def read(heard: Heard) -> Inbound:
        told = decode(heard.event, REACTED)
        elsewhere = _elsewhere(heard, told.guild_id, told.channel_id)
        if elsewhere is not None:
            return elsewhere
        name = told.emoji.name or told.emoji.id
        if told.user_id == heard.config.application_id or not name:
            return Ignored(key=heard.key, reason="a reaction of ours, or one without a name")
        person = Person(address=Address(scheme=SCHEME, value=told.user_id))
        change = {"added": (name,)} if added else {"removed": (name,)}
        return ReactionChanged(
            key=heard.key, external_id=told.message_id, author=person, occurred_at=heard.at, **change
        )

    return read


def _interaction(request: Request, config: Config) -> list[Inbound]:
    """Raises BadPayload."""
    told = decode(request.body, INTERACTION)
    if told.type == PING:
        return []
    key, user = f"interaction:{told.id}", told.user or (told.member.user if told.member else None)
    if user is None:
        return [Unreadable(key=key, slice=request.body, reason="nobody did it")]
    channel, parent = told.channel_id or "", _parent(told)
    served = told.guild_id is not None and not {channel, parent}.isdisjoint(config.channels)
    text, parts = _done(told)
    item = MessageReceived(
        key=key,
        external_id=key,
        peer=_group(channel, parent, config) if served else _private(user, told.locale),
        author=_person(user, told.locale) if served else None,
        text=text,
        parts=parts,
        reply_to=told.message.id if told.message and told.type == PRESS else None,
        occurred_at=datetime.fromtimestamp(((int(told.id) >> 22) + EPOCH) / 1000, UTC),
    )
    return [item]


def _parent(told: Interaction) -> str | None:
    return told.channel.parent_id if told.channel is not None and told.channel.type in THREADS else None


def _done(told: Interaction) -> tuple[str, tuple[Part, ...]]:
    if told.type == COMMAND:
        words = " ".join(str(option.value) for option in told.data.options if option.value is not None)
        return words or f"/{told.data.name}", ()
    if told.type == PRESS:
        value = told.data.values[0] if told.data.values else value_of(told.data.custom_id)
        label = _label(told)
        return label or value or "[button]", (ChoicePart(value=value, label=label),)
    data: dict[str, Any] = {"type": told.type, "name": told.data.name, "custom_id": told.data.custom_id}
    return f"[interaction {told.type}]", (NativePart(kind=f"interaction {told.type}", data=data),)


def _label(told: Interaction) -> str | None:
    buttons = [button for row in (told.message.components if told.message else ()) for button in row.components]
    return next((button.label for button in buttons if button.custom_id == told.data.custom_id and button.label), None)


def _elsewhere(heard: Heard, guild: str | None, channel: str) -> Ignored | None:
    """Of a server only the channels that are named are served."""
    if guild is None or channel in heard.config.channels or heard.parent in heard.config.channels:
        return None
    return Ignored(key=heard.key, reason="in a channel that is not served")


def _private(user: User, locale: str | None = None) -> Peer:
    return Peer(person=_person(user, locale))


def _group(channel: str, parent: str | None, config: Config) -> Peer:
    """A channel of a server, or a thread in it; one that is named is served as a channel."""
    thread = None if channel in config.channels or parent is None else channel
    address = Address(scheme=SCHEME, value=f"{CHANNEL}{channel if thread is None else parent}")
    person = Person(address=address)
    return Peer(person=person, kind=ConversationKind.GROUP, thread=thread, visibility=Visibility.PUBLIC)


def _person(user: User, locale: str | None = None) -> Person:
    name = user.global_name or user.username or None
    address = Address(scheme=SCHEME, value=user.id)
    return Person(address=address, name=name, handle=user.username or None, locale=locale)


READERS: Final[Mapping[str, Callable[[Heard], Inbound]]] = {
    "MESSAGE_CREATE": _created,
    "MESSAGE_UPDATE": _updated,
    "MESSAGE_DELETE": _deleted,
    "MESSAGE_REACTION_ADD": _reacted(added=True),
    "MESSAGE_REACTION_REMOVE": _reacted(added=False),
}
