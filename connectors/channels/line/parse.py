"""One request to what the hub records. Pure; what is not understood is said, never passed over in silence.

Each event is read on its own and known by its `webhookEventId`, which is the same when LINE delivers it again
(`deliveryContext.isRedelivery`). Events come in any order; each tells its time.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final

from connectors.channels.line import choices, people
from connectors.channels.line.content import content
from connectors.channels.line.event import (
    BATCH,
    EVENT,
    FOLLOW_EVENT,
    KIND,
    MESSAGE_EVENT,
    POSTBACK_EVENT,
    RAW_MESSAGE,
    UNSEND_EVENT,
    Event,
    MessageEvent,
)
from connectors.channels.line.kinds import IGNORED, STANDBY
from connectors.kit.errors import BadPayload
from connectors.kit.request import decode
from normalizer.inbound import (
    ConsentChanged,
    Fragment,
    Ignored,
    Inbound,
    MessageEdited,
    MessageReceived,
    MessageRedacted,
    Unreadable,
)
from normalizer.model import ConsentState


def parse(body: bytes) -> list[Inbound]:
    """What one request says. Raises BadPayload where not even its events can be told apart."""
    return [_each(bytes(event)) for event in decode(body, BATCH).events]


def _each(event: bytes) -> Inbound:
    """One of several events: what is wrong with it harms no other."""
    key = f"unreadable:{sha256(event).hexdigest()}"
    try:
        kind = decode(event, KIND)
        key = f"event:{kind.webhook_event_id}"
        if kind.mode == "standby":
            return Ignored(key=key, reason=STANDBY)
        if kind.type in IGNORED:
            return Ignored(key=key, reason=IGNORED[kind.type])
        reader = READERS.get(kind.type)
        if reader is None:
            raise BadPayload(f"an event of a kind we do not know: {kind.type[:64]}")
        return reader(key, event)
    except BadPayload as error:
        return Unreadable(key=key, slice=event, reason=error.detail)


def _message(key: str, body: bytes) -> Inbound:
    event = decode(body, MESSAGE_EVENT)
    said = content(event.message, lambda: decode(body, RAW_MESSAGE).message)
    return MessageReceived(
        key=key,
        external_id=event.message.id,
        peer=people.peer(event.source),
        author=people.author(event.source),
        text=said.text,
        parts=said.parts,
        media=said.media,
        reply_to=event.message.quoted_message_id,
        occurred_at=people.moment(event.timestamp),
        fragment=_fragment(event),
    )


def _fragment(event: MessageEvent) -> Fragment | None:
    told = event.message.image_set
    if told is None:
        return None
    # Without an index, no picture of the set has one, and their times say in which order they were sent.
    return Fragment(
        group=told.id, order=event.timestamp if told.index is None else told.index, count=told.total or None
    )


def _edited(key: str, body: bytes) -> Inbound:
    """Edits come in any order; the latest by time is how the message reads."""
    event = decode(body, MESSAGE_EVENT)
    said = content(event.message, lambda: decode(body, RAW_MESSAGE).message)
    return MessageEdited(
        key=key,
        external_id=event.message.id,
        text=said.text,
        parts=said.parts,
        media=said.media or None,
        occurred_at=people.moment(event.timestamp),
    )


def _unsend(key: str, body: bytes) -> Inbound:
    event = decode(body, UNSEND_EVENT)
    return MessageRedacted(key=key, external_id=event.unsend.message_id, occurred_at=people.moment(event.timestamp))


def _pressed(key: str, body: bytes) -> Inbound:
    event = decode(body, POSTBACK_EVENT)
    choice = choices.read(event.postback.data)
    picked = [event.postback.params[name] for name in PICKED if name in event.postback.params]
    return MessageReceived(
        key=key,
        external_id=f"{people.POSTBACK}{event.webhook_event_id}",
        peer=people.peer(event.source),
        author=people.author(event.source),
        text=": ".join([choice.label or choice.value, *picked]),
        parts=(choice,),
        occurred_at=people.moment(event.timestamp),
    )


def _follow(key: str, body: bytes) -> Inbound:
    event = decode(body, FOLLOW_EVENT)
    source = "follow: unblocked" if event.follow.is_unblocked else "follow"
    return _consent(key, event, ConsentState.OPTED_IN, source)


def _entered(key: str, body: bytes) -> Inbound:
    return _consent(key, decode(body, EVENT), ConsentState.OPTED_IN, "join")


def _unfollow(key: str, body: bytes) -> Inbound:
    return _consent(key, decode(body, EVENT), ConsentState.OPTED_OUT, "unfollow")


def _left(key: str, body: bytes) -> Inbound:
    return _consent(key, decode(body, EVENT), ConsentState.OPTED_OUT, "leave")


def _consent(key: str, event: Event, state: ConsentState, source: str) -> Inbound:
    return ConsentChanged(
        key=key,
        peer=people.peer(event.source),
        state=state,
        source=source,
        occurred_at=people.moment(event.timestamp),
    )


PICKED: Final = ("date", "time", "datetime")
"""Of a postback's params, what the reader chose."""
READERS: Final[Mapping[str, Callable[[str, bytes], Inbound]]] = {
    "message": _message,
    "messageEdited": _edited,
    "unsend": _unsend,
    "postback": _pressed,
    "follow": _follow,
    "unfollow": _unfollow,
    "join": _entered,
    "leave": _left,
}
