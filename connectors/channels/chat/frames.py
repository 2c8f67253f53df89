"""What a client says, and what it comes to. docs/explanation/chat-protocol.md is the protocol.

A frame names a message by its `ref`: one of ours by its id in the history, one of the client's own by `c:` and its
client id. The door has looked who may name what; here the name becomes the external id.
"""

from datetime import datetime
from typing import Annotated, Final

import msgspec

from connectors.channels.chat.tokens import Holder, peer
from connectors.families.app.tokens import SignedContext
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request, decode
from normalizer.context import Context, Said
from normalizer.inbound import (
    Inbound,
    MessageReceived,
    Peer,
    ReactionChanged,
    ReadUpTo,
    StatusChanged,
    TypingChanged,
)
from normalizer.model import Priority
from normalizer.parts import ChoicePart, LocationPart, MediaKind, MediaPart, Part
from normalizer.placeholder import placeholder
from normalizer.status import Status

OWN: Final = "c:"
FILES: Final = "files"
"""The header in which the hub says what the files are that a message names: of the same person, uploaded and stored."""
KINDS: Final = {"image": MediaKind.IMAGE, "video": MediaKind.VIDEO, "audio": MediaKind.AUDIO}

ClientId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{1,64}\Z")]
Ref = Annotated[str, msgspec.Meta(pattern=r"^(c:)?[A-Za-z0-9._-]{1,64}\Z")]
Line = Annotated[str, msgspec.Meta(max_length=500)]
Emoji = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Choice(msgspec.Struct, frozen=True):
    value: Annotated[str, msgspec.Meta(max_length=2000)]
    label: Line | None = None


class Location(msgspec.Struct, frozen=True):
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    name: Line | None = None


class _Frame(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    pass


class MessageFrame(_Frame, tag="message", frozen=True, kw_only=True):
    client_id: ClientId
    text: Annotated[str, msgspec.Meta(max_length=20_000)] = ""
    files: Annotated[tuple[str, ...], msgspec.Meta(max_length=10)] = ()
    reply_to: Ref | None = None
    choice: Choice | None = None
    location: Location | None = None
    context: SignedContext | None = None
    locale: Annotated[str, msgspec.Meta(max_length=35)] | None = None
    priority: Priority | None = None


class ReactionFrame(_Frame, tag="reaction", frozen=True, kw_only=True):
    client_id: ClientId
    ref: Ref
    add: Annotated[tuple[Emoji, ...], msgspec.Meta(max_length=10)] = ()
    remove: Annotated[tuple[Emoji, ...], msgspec.Meta(max_length=10)] = ()


class ReadFrame(_Frame, tag="read", frozen=True, kw_only=True):
    ref: Ref


class ReceivedFrame(_Frame, tag="received", frozen=True, kw_only=True):
    refs: Annotated[tuple[ClientId, ...], msgspec.Meta(min_length=1, max_length=100)]
    """Of ours alone."""


class TypingFrame(_Frame, tag="typing", frozen=True, kw_only=True):
    on: bool


Frame = MessageFrame | ReactionFrame | ReadFrame | ReceivedFrame | TypingFrame


class File(msgspec.Struct, frozen=True):
    """An upload, as the hub tells of it."""

    id: str
    media_type: str
    name: str | None = None
    size: int | None = None


_frame: msgspec.json.Decoder[Frame] = msgspec.json.Decoder(Frame)
_files = msgspec.json.Decoder(tuple[File, ...])


def parse(found: Holder, request: Request) -> list[Inbound]:
    """What a frame says. Raises BadPayload."""
    sender, at = peer(found), request.received_at
    match decode(request.body, _frame):
        case MessageFrame() as frame:
            return [_message(found, sender, frame, request)]
        case ReactionFrame(client_id=client_id, ref=ref, add=add, remove=remove):
            if not add and not remove:
                raise BadPayload("a reaction adds or removes something")
            changed = ReactionChanged(
                key=f"reaction:{_of(sender, client_id)}",
                external_id=_named(sender, ref),
                author=sender.person,
                added=add,
                removed=remove,
                occurred_at=at,
            )
            return [changed]
        case ReadFrame(ref=ref):
            name = _named(sender, ref)
            return [ReadUpTo(key=f"read:{_of(sender, ref)}", peer=sender, external_id=name, occurred_at=at)]
        case ReceivedFrame(refs=refs):
            return [_delivered(sender, ref, at) for ref in dict.fromkeys(refs)]
        case TypingFrame(on=on):
            return [TypingChanged(key=f"typing:{_of(sender, '')}", peer=sender, on=on)]


def _message(found: Holder, sender: Peer, frame: MessageFrame, request: Request) -> MessageReceived:
    parts = _parts(frame, request)
    if not frame.text.strip() and not parts:
        raise BadPayload("a message says something")
    if frame.locale and sender.person.locale is None:
        person = msgspec.structs.replace(sender.person, locale=frame.locale)
        sender = msgspec.structs.replace(sender, person=person)
    name = _of(sender, frame.client_id)
    return MessageReceived(
        key=f"message:{name}",
        external_id=name,
        peer=sender,
        text=frame.text if frame.text.strip() else placeholder(parts),
        parts=parts,
        reply_to=None if frame.reply_to is None else _named(sender, frame.reply_to),
        occurred_at=request.received_at,
        context=_context(frame.context, None if found.visitor else found.claims.context),
        priority=frame.priority,
    )


def _parts(frame: MessageFrame, request: Request) -> tuple[Part, ...]:
    parts: list[Part] = []
    if frame.choice is not None:
        parts.append(ChoicePart(value=frame.choice.value, label=frame.choice.label))
    if frame.location is not None:
        place = frame.location
        parts.append(LocationPart(latitude=place.latitude, longitude=place.longitude, name=place.name))
    if frame.files:
        known = {file.id: file for file in decode(request.headers.get(FILES, "[]").encode(errors="replace"), _files)}
        missing = [name for name in frame.files if name not in known]
        if missing:
            raise BadPayload(f"there is no file {missing[0]!r} of this person")
        parts += [_media(known[name]) for name in dict.fromkeys(frame.files)]
    return tuple(parts)


def _media(file: File) -> MediaPart:
    kind = KINDS.get(file.media_type.partition("/")[0], MediaKind.FILE)
    return MediaPart(attachment_id=file.id, kind=kind, media_type=file.media_type, name=file.name, size=file.size)


def _delivered(sender: Peer, ref: str, at: datetime) -> StatusChanged:
    key = f"delivered:{_of(sender, ref)}"
    return StatusChanged(key=key, external_id=_named(sender, ref), status=Status.DELIVERED, occurred_at=at)


def _context(asserted: SignedContext | None, signed: SignedContext | None) -> Context | None:
    """What is signed goes before what was only said."""
    said: dict[str, Said] = {}
    for source, by_app in ((asserted, False), (signed, True)):
        for name in SignedContext.__struct_fields__:
            if source is not None and (value := getattr(source, name)):
                said[name] = Said(value=value, signed=by_app)
    return Context(**said) if said else None


def _of(sender: Peer, name: str) -> str:
    """Unique within the connector: a client's ids are its own."""
    return f"{sender.person.address.value}/{name}"


def _named(sender: Peer, ref: str) -> str:
    return _of(sender, ref.removeprefix(OWN)) if ref.startswith(OWN) else ref
