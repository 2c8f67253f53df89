"""One call to what the hub records. Pure; what is not understood is said, never passed over in silence."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final

from connectors.channels.vk import comments
from connectors.channels.vk.buttons import chosen
from connectors.channels.vk.call import CHATS, Call, moment, peer_of, person
from connectors.channels.vk.config import Config
from connectors.channels.vk.content import content
from connectors.channels.vk.event import CONSENTED, MESSAGE, POSTED, PRESSED, READ, TYPING, WRAPPED, Message
from connectors.kit.errors import BadPayload
from connectors.kit.request import Request, decode
from normalizer.context import Context, Said
from normalizer.inbound import (
    ConsentChanged,
    Ignored,
    Inbound,
    MessageEdited,
    MessageReceived,
    ReadUpTo,
    TypingChanged,
    Unreadable,
)
from normalizer.model import ConsentState

CONFIRMATION: Final = "confirmation"
PRESSED_KEY: Final = "pressed"
IGNORED: Final[Mapping[str, str]] = {
    "message_reaction_event": "VK names reactions by numbers",
}


def parse(request: Request, config: Config) -> list[Inbound]:
    """What one call says. Raises BadPayload where not even its kind can be read."""
    call = Call(decode(request.body, POSTED), request)
    kind = call.posted.type
    if kind == CONFIRMATION:
        return []  # anybody may ask, so nothing is kept of it
    reader = READERS.get(kind)
    if kind in IGNORED:
        return [Ignored(key=call.key, reason=IGNORED[kind])]
    if kind in COMMENTS and not config.comments:
        return [Ignored(key=call.key, reason="comments are not served: see the setting `comments`")]
    if reader is None and not kind.startswith("message_"):
        return [Ignored(key=call.key, reason=f"an event that is no message: {kind[:64]}")]
    try:
        if reader is not None:
            return [reader(call)]
    except BadPayload as error:
        return [Unreadable(key=call.key, slice=call.body, reason=error.detail)]
    return [Unreadable(key=call.key, slice=call.body, reason=f"an event we do not know: {kind[:64]}")]


def external_id(peer: int, number: int) -> str:
    """A message is numbered within its conversation."""
    return f"{peer}:{number}"


def _new(call: Call) -> Inbound:
    """The message itself, in versions before 5.103."""
    wrapped = bytes(decode(call.object, WRAPPED).message)
    return received(decode(wrapped or call.object, MESSAGE), from_us=False)


def _reply(call: Call) -> Inbound:
    """What the community said, by us or by somebody at its own desk."""
    return received(decode(call.object, MESSAGE), from_us=True)


def received(message: Message, *, from_us: bool) -> Inbound:
    """Raises BadPayload."""
    name = external_id(message.peer_id, message.conversation_message_id)
    text, parts, media = content(message)
    return MessageReceived(
        key=f"message:{name}",
        external_id=name,
        peer=peer_of(message.peer_id),
        author=person(message.from_id) if message.peer_id >= CHATS and not from_us else None,
        from_us=from_us,
        text=text,
        parts=parts,
        media=media,
        reply_to=_quoted(message),
        context=Context(entry=Said(value=message.ref[:256])) if message.ref else None,
        occurred_at=moment(message.date),
    )


def _quoted(message: Message) -> str | None:
    quoted = message.reply_message
    if quoted is None or quoted.conversation_message_id is None:
        return None
    return external_id(quoted.peer_id or message.peer_id, quoted.conversation_message_id)


def _edited(call: Call) -> Inbound:
    message = decode(call.object, MESSAGE)
    name, at = external_id(message.peer_id, message.conversation_message_id), message.update_time or message.date
    text, parts, media = content(message)
    return MessageEdited(
        key=f"edit:{name}:{at}:{sha256(call.object).hexdigest()[:16]}",
        external_id=name,
        text=text,
        parts=parts,
        media=media,
        occurred_at=moment(at),
    )


def _consent(state: ConsentState) -> Callable[[Call], Inbound]:
    def read(call: Call) -> Inbound:
        peer = peer_of(decode(call.object, CONSENTED).user_id)
        return ConsentChanged(key=call.key, peer=peer, state=state, source=call.posted.type, occurred_at=call.at)

    return read


def _typing(call: Call) -> Inbound:
    found = decode(call.object, TYPING)
    if found.from_id <= 0:
        return Ignored(key=call.key, reason="we are writing ourselves")
    return TypingChanged(key=call.key, peer=peer_of(found.from_id), on=found.state == "typing")


def _pressed(call: Call) -> Inbound:
    """Named so that the word VK waits for can be said: see `Vk.confirm`."""
    found = decode(call.object, PRESSED)
    choice = chosen(found.payload)
    if not choice:
        return Ignored(key=call.key, reason="a button that is not ours")
    name = f"{PRESSED_KEY}:{found.peer_id}:{found.user_id}:{found.event_id}"
    group, number = found.peer_id >= CHATS, found.conversation_message_id
    return MessageReceived(
        key=name,
        external_id=name,
        peer=peer_of(found.peer_id),
        author=person(found.user_id) if group else None,
        text=choice[0].label or choice[0].value,
        parts=choice,
        reply_to=None if number is None else external_id(found.peer_id, number),
        occurred_at=call.at,
    )


def _read(call: Call) -> Inbound:
    """In a group chat one of many has."""
    found = decode(call.object, READ)
    if found.from_id <= 0 or found.peer_id >= CHATS:
        return Ignored(key=call.key, reason="read by us, or by one of many")
    name = external_id(found.peer_id, found.conversation_message_id)
    return ReadUpTo(key=f"read:{name}", peer=peer_of(found.peer_id), external_id=name, occurred_at=call.at)


COMMENTS: Final[Mapping[str, Callable[[Call], Inbound]]] = {
    "wall_reply_new": comments.made,
    "wall_reply_edit": comments.edited,
    "wall_reply_delete": comments.deleted,
    "wall_reply_restore": comments.restored,
}
READERS: Final[Mapping[str, Callable[[Call], Inbound]]] = {
    "message_new": _new,
    "message_reply": _reply,
    "message_edit": _edited,
    "message_allow": _consent(ConsentState.OPTED_IN),
    "message_deny": _consent(ConsentState.OPTED_OUT),
    "message_typing_state": _typing,
    "message_event": _pressed,
    "message_read": _read,
    **COMMENTS,
}
