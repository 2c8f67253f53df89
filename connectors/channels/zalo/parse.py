"""One webhook to what the hub records. Pure; what is not understood is said, never passed over in silence."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from connectors.channels.zalo.content import content
from connectors.channels.zalo.event import FOLLOWED, NAMED, REACTED, REPORTED, SAID, Named
from connectors.channels.zalo.wire import EMOJI, REMOVED
from connectors.kit.errors import BadPayload
from connectors.kit.request import decode
from normalizer.inbound import (
    Address,
    ConsentChanged,
    Ignored,
    Inbound,
    MessageReceived,
    Peer,
    Person,
    ReactionChanged,
    StatusChanged,
    Unreadable,
)
from normalizer.model import ConsentState
from normalizer.status import Status

SCHEME: Final = "zalo"
STATES: Final[Mapping[str, ConsentState]] = {"follow": ConsentState.OPTED_IN, "unfollow": ConsentState.OPTED_OUT}
STATUS: Final[Mapping[str, Status]] = {
    "user_received_message": Status.DELIVERED,
    "user_seen_message": Status.READ,
}
OTHERS: Final = "of another official account"


def parse(body: bytes, oa_id: str) -> list[Inbound]:
    """`oa_id` is our account; an app may have several. Raises BadPayload where not even kind and time can be read."""
    named = decode(body, NAMED)
    reader = next((read for start, read in READERS.items() if named.event_name.startswith(start)), None)
    key = f"{named.event_name[:64]}:{sha256(body).hexdigest()}"
    if reader is None:
        return [Unreadable(key=key, slice=body, reason=f"an event we do not know: {named.event_name[:64]}")]
    try:
        return reader(named, body, oa_id)
    except BadPayload as error:
        return [Unreadable(key=key, slice=body, reason=error.detail)]


def _said(named: Named, body: bytes, oa_id: str) -> list[Inbound]:
    said = decode(body, SAID)
    from_us = named.event_name.startswith("oa_")
    us, them = (said.sender, said.recipient) if from_us else (said.recipient, said.sender)
    name = said.message.msg_id
    if us.id != oa_id:
        return [Ignored(key=f"message:{name}", reason=OTHERS)]
    text, parts, media = content(said.message, body)
    received = MessageReceived(
        key=f"message:{name}",
        external_id=name,
        peer=_peer(them.id),
        from_us=from_us,
        text=text,
        parts=parts,
        media=media,
        reply_to=said.message.quote_msg_id or None,
        occurred_at=_moment(named),
    )
    return [received]


def _followed(named: Named, body: bytes, oa_id: str) -> list[Inbound]:
    told = decode(body, FOLLOWED)
    key = f"{named.event_name}:{told.follower.id}:{named.timestamp}"
    if told.oa_id != oa_id:
        return [Ignored(key=key, reason=OTHERS)]
    changed = ConsentChanged(
        key=key,
        peer=_peer(told.follower.id),
        state=STATES[named.event_name],
        source=named.event_name,
        occurred_at=_moment(named),
    )
    return [changed]


def _reported(named: Named, body: bytes, _: str) -> list[Inbound]:
    """Of a message of ours; one that was not is waited for, and forgotten."""
    told = decode(body, REPORTED).message
    names = told.msg_ids or ((told.msg_id,) if told.msg_id else ())
    if not names:
        raise BadPayload("a report that names no message")
    status = STATUS[named.event_name]
    return [
        StatusChanged(key=f"{status}:{name}", external_id=name, status=status, occurred_at=_moment(named))
        for name in names
    ]


def _reacted(named: Named, body: bytes, oa_id: str) -> list[Inbound]:
    told = decode(body, REACTED)
    icon, name = told.message.react_icon, told.message.msg_id
    key = f"{named.event_name}:{name}:{told.sender.id}:{icon[:64]}:{named.timestamp}"
    if told.sender.id == oa_id:
        return [Ignored(key=key, reason="a reaction of ours")]
    if told.recipient.id != oa_id:
        return [Ignored(key=key, reason=OTHERS)]
    if icon == REMOVED:
        return [Ignored(key=key, reason="a reaction was taken back; which, is not told")]
    author = Person(address=Address(scheme=SCHEME, value=told.sender.id))
    added = (EMOJI.get(icon, icon[:64]),)
    return [ReactionChanged(key=key, external_id=name, author=author, added=added, occurred_at=_moment(named))]


def _peer(user: str) -> Peer:
    return Peer(person=Person(address=Address(scheme=SCHEME, value=user)))


def _moment(named: Named) -> datetime:
    return datetime.fromtimestamp(int(named.timestamp) / 1000, UTC)


READERS: Final[Mapping[str, Callable[[Named, bytes, str], list[Inbound]]]] = {
    "user_send_": _said,
    "oa_send_": _said,
    "user_reacted_message": _reacted,
    "oa_reacted_message": _reacted,
    **dict.fromkeys(STATES, _followed),
    **dict.fromkeys(STATUS, _reported),
}
"""By how the event's name begins."""
