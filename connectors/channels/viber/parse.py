"""One webhook to what the hub records. Pure; what is not understood is said, never passed over in silence."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from connectors.channels.viber.content import content
from connectors.channels.viber.event import JOINED, LEFT, NAMED, REPORTED, SAID, Named, User
from connectors.kit.errors import BadPayload
from connectors.kit.request import decode
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
    Unreadable,
)
from normalizer.model import ConsentState
from normalizer.status import Status

SCHEME: Final = "viber"
STATUS: Final[Mapping[str, Status]] = {
    "delivered": Status.DELIVERED,
    "seen": Status.READ,
    "failed": Status.FAILED,
}
IGNORED: Final[Mapping[str, str]] = {
    "webhook": "the webhook was set",
    "conversation_started": "somebody opened the chat and has said nothing yet",
    "client_status": "what the reader's app tells of itself",
    "action": "a press that says nothing to us",
}
LONGEST: Final = 120
"""Characters kept of Viber's reason for a failure."""


def parse(body: bytes) -> list[Inbound]:
    """What one webhook says. Raises BadPayload where not even its kind and time can be read."""
    named = decode(body, NAMED)
    try:
        reader = READERS.get(named.event)
        if reader is not None:
            return [reader(named, body)]
    except BadPayload as error:
        return [Unreadable(key=_key(named, body), slice=body, reason=error.detail)]
    if named.event in IGNORED:
        return [Ignored(key=_key(named, body), reason=IGNORED[named.event])]
    return [Unreadable(key=_key(named, body), slice=body, reason=f"an event we do not know: {named.event[:64]}")]


def _key(named: Named, body: bytes) -> str:
    """Of what has no name of its own."""
    return f"{named.event[:64]}:{sha256(body).hexdigest()}"


def _message(_: Named, body: bytes) -> Inbound:
    said = decode(body, SAID)
    name = str(said.message_token)
    text, parts, media = content(said.message, body)
    return MessageReceived(
        key=f"message:{name}",
        external_id=name,
        peer=_peer(said.sender),
        text=text,
        parts=parts,
        media=media,
        occurred_at=_moment(said.timestamp),
    )


def _report(named: Named, body: bytes) -> Inbound:
    """Somebody with several devices reports more than once."""
    told = decode(body, REPORTED)
    status = STATUS[named.event]
    failed = status is Status.FAILED
    return StatusChanged(
        key=f"{named.event}:{told.message_token}:{told.user_id}",
        external_id=str(told.message_token),
        status=status,
        error_code=ErrorCode.UNKNOWN if failed else None,
        provider_code=(told.desc or "")[:LONGEST] or None if failed else None,
        occurred_at=_moment(told.timestamp),
    )


def _subscribed(named: Named, body: bytes) -> Inbound:
    told = decode(body, JOINED)
    return _consent(named, told.user, ConsentState.OPTED_IN, told.timestamp)


def _unsubscribed(named: Named, body: bytes) -> Inbound:
    told = decode(body, LEFT)
    return _consent(named, User(id=told.user_id), ConsentState.OPTED_OUT, told.timestamp)


def _consent(named: Named, user: User, state: ConsentState, timestamp: int) -> Inbound:
    return ConsentChanged(
        key=f"{named.event}:{user.id}:{timestamp}",
        peer=_peer(user),
        state=state,
        source=named.event,
        occurred_at=_moment(timestamp),
    )


def _peer(user: User) -> Peer:
    address = Address(scheme=SCHEME, value=user.id)
    return Peer(person=Person(address=address, name=user.name or None, locale=user.language or None))


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


READERS: Final[Mapping[str, Callable[[Named, bytes], Inbound]]] = {
    "message": _message,
    **dict.fromkeys(STATUS, _report),
    "subscribed": _subscribed,
    "unsubscribed": _unsubscribed,
}
