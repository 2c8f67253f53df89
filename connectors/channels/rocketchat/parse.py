"""One webhook to what the hub records. Pure; what is not understood is said, never passed over in silence."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from connectors.channels.rocketchat.event import NAMED, SAID, Message, Said
from connectors.kit.request import decode
from normalizer.inbound import (
    Address,
    Ignored,
    Inbound,
    Media,
    MessageEdited,
    MessageReceived,
    Peer,
    Person,
    Unreadable,
)
from normalizer.parts import MediaKind

SCHEME: Final = "rocketchat"
MESSAGE: Final = "Message"
IGNORED: Final[Mapping[str, str]] = {
    "LivechatSessionStart": "a conversation began",
    "LivechatSessionQueued": "a conversation waits",
    "LivechatSessionTaken": "a conversation was taken",
    "LivechatSessionForwarded": "a conversation was passed on",
    "LivechatSession": "a conversation ended",
    "LivechatEdit": "a conversation was noted on",
    "LeadCapture": "a way to reach the visitor was found",
}
KINDS: Final[Mapping[str, MediaKind]] = {
    "image": MediaKind.IMAGE,
    "video": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
}
"""By the first half of a media type."""


def parse(body: bytes, user_id: str) -> list[Inbound]:
    """`user_id` is the user we speak as. Raises BadPayload."""
    kind = decode(body, NAMED).type
    if kind == MESSAGE:
        said = decode(body, SAID)
        return [read(message, said, user_id) for message in said.messages]
    key = f"{kind}:{sha256(body).hexdigest()}"
    if kind in IGNORED:
        return [Ignored(key=key, reason=IGNORED[kind])]
    return [Unreadable(key=key, slice=body, reason=f"an event we do not know: {kind[:64]}")]


def read(message: Message, said: Said, user_id: str) -> Inbound:
    """One message of what was said in a room."""
    key = f"message:{message.id}"
    if message.closing_message or message.navigation is not None:
        return Ignored(key=key, reason="what Rocket.Chat says by itself")
    if message.agent_id == user_id:
        return Ignored(key=f"{key}:{message.edited_at or ''}", reason="what we sent")
    media = _media(message)
    text = message.msg or _placeholder(message, media)
    if message.edited_at is not None:
        return MessageEdited(
            key=f"edited:{message.id}:{message.edited_at.isoformat()}",
            external_id=message.id,
            text=text,
            occurred_at=message.edited_at,
        )
    return MessageReceived(
        key=key,
        external_id=message.id,
        peer=_peer(said),
        from_us=message.agent_id is not None,
        text=text,
        media=media,
        occurred_at=message.ts,
    )


def _peer(said: Said) -> Peer:
    """The visitor, in one room: a visitor who comes again gets another."""
    visitor = said.visitor
    address = Address(scheme=SCHEME, value=visitor.id)
    person = Person(address=address, name=visitor.name or None, handle=visitor.username or None)
    return Peer(person=person, thread=said.room)


def _media(message: Message) -> tuple[Media, ...]:
    upload = message.file_upload
    if upload is None or not upload.public_file_path:
        return ()
    media_type = upload.type or "application/octet-stream"
    kind = KINDS.get(media_type.partition("/")[0], MediaKind.FILE)
    name = message.file.name if message.file is not None else None
    return (Media(source=upload.public_file_path, kind=kind, media_type=media_type, name=name, size=upload.size),)


def _placeholder(message: Message, media: tuple[Media, ...]) -> str:
    """For a message without words. A file may have no address; it has a name even so."""
    if not media and message.file is None:
        return "[empty message]"
    kind = media[0].kind if media else MediaKind.FILE
    word = "picture" if kind is MediaKind.IMAGE else kind.value
    return f"[{word}: {message.file.name}]" if message.file is not None and message.file.name else f"[{word}]"
