"""One webhook to what the hub records. Pure; what is not understood is said, never passed over in silence.

A webhook holds lists of events by family; each event stands alone, and one that cannot be read keeps none from being
recorded.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from msgspec import Raw

from connectors.channels.x.content import content
from connectors.channels.x.event import BLOCK, FAMILIES, ID, MESSAGE, SEVERAL, SIGN, USERS, WRAPPED, User
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
    ReadUpTo,
    TypingChanged,
    Unreadable,
)
from normalizer.model import ConsentState

SCHEME: Final = "x"
ASIDE: Final = frozenset({"for_user_id", "users", "apps", "user_has_blocked", "is_blocked_by"})
"""What stands beside the families."""
PUBLIC: Final = frozenset(
    f"{name}_events" for name in ("tweet_create", "tweet_delete", "favorite", "follow", "unfollow", "mute", "unmute")
)
Users = Mapping[str, User]


def parse(body: bytes, us: str) -> list[Inbound]:
    """What one webhook to the account `us` says. Raises BadPayload where it is no object, or another account's."""
    families = decode(body, FAMILIES)
    if "for_user_id" in families:
        return _events(families, decode(bytes(families["for_user_id"]), ID), us)
    told = decode(body, WRAPPED).data
    kind = told.event_type[:64]
    if kind.startswith("dm."):
        inner = decode(bytes(told.payload), FAMILIES)
        return _events(inner, told.filter.user_id, us)
    key = f"{kind}:{sha256(body).hexdigest()}"
    if kind.startswith("chat."):
        return [Unreadable(key=key, slice=body, reason=f"an encrypted chat: {kind}")]
    return [Ignored(key=key, reason=f"no direct message: {kind}")]


def _events(families: Mapping[str, Raw], of: str, us: str) -> list[Inbound]:
    if of != us:
        raise BadPayload("of another account than this connector's")
    users = _users(bytes(families["users"])) if "users" in families else {}
    unique: dict[str, Inbound] = {}
    for family, raw in families.items():
        if family not in ASIDE:
            unique |= {item.key: item for item in _family(family, bytes(raw), us, users)}
    return list(unique.values())


def peer(person: str, users: Users) -> Peer:
    user = users.get(person, User())
    address = Address(scheme=SCHEME, value=person)
    handle = user.screen_name or user.username
    return Peer(person=Person(address=address, name=user.name or None, handle=handle or None))


def _users(raw: bytes) -> Users:
    try:
        return {number: entry.data or entry for number, entry in decode(raw, USERS).items()}
    except BadPayload:  # names are worth no message
        return {}


def _family(family: str, raw: bytes, us: str, users: Users) -> Iterator[Inbound]:
    reader = READERS.get(family)
    if reader is None:
        reason = REASONS.get(family)
        key = f"{family[:64]}:{sha256(raw).hexdigest()}"
        known = family in PUBLIC or reason is not None
        yield (
            Ignored(key=key, reason=reason or "nothing private")
            if known
            else Unreadable(key=key, slice=raw, reason=f"events we do not know: {family[:64]}")
        )
        return
    try:
        events = decode(raw, SEVERAL)
    except BadPayload as error:
        yield Unreadable(key=f"{family}:{sha256(raw).hexdigest()}", slice=raw, reason=error.detail)
        return
    for event in map(bytes, events):
        try:
            yield reader(event, us, users)
        except BadPayload as error:
            yield Unreadable(key=f"{family}:{sha256(event).hexdigest()}", slice=event, reason=error.detail)


def _message(raw: bytes, us: str, users: Users) -> Inbound:
    told = decode(raw, MESSAGE)
    if told.type != "message_create":
        raise BadPayload(f"a message of a kind we do not know: {told.type[:64]}")
    made = told.message_create
    text, parts, media = content(made.message_data, raw)
    from_us = made.sender_id == us
    return MessageReceived(
        key=f"message:{told.id}",
        external_id=told.id,
        peer=peer(made.target.recipient_id if from_us else made.sender_id, users),
        from_us=from_us,
        text=text,
        parts=parts,
        media=media,
        occurred_at=moment(told.created_timestamp),
    )


def _typing(raw: bytes, us: str, users: Users) -> Inbound:
    told = decode(raw, SIGN)
    key = f"typing:{told.sender_id}:{told.created_timestamp}"
    if told.sender_id == us:
        return Ignored(key=key, reason="the account itself writes")
    return TypingChanged(key=key, peer=peer(told.sender_id, users), on=True)


def _read(raw: bytes, us: str, users: Users) -> Inbound:
    told = decode(raw, SIGN)
    key = f"read:{told.sender_id}:{told.last_read_event_id or told.created_timestamp}"
    if told.sender_id == us:
        return Ignored(key=key, reason="the account itself has read")
    if told.last_read_event_id is None:
        raise BadPayload("read up to nothing")
    at = moment(told.created_timestamp)
    return ReadUpTo(key=key, peer=peer(told.sender_id, users), external_id=told.last_read_event_id, occurred_at=at)


def _decided(state: ConsentState, word: str) -> Callable[[bytes, str, Users], Inbound]:
    def decided(raw: bytes, us: str, _users: Users) -> Inbound:
        told = decode(raw, BLOCK)
        key = f"{word}:{told.source.id}:{told.target.id}:{told.created_timestamp}"
        if told.source.id == us:
            return Ignored(key=key, reason="the account's own doing, not the customer's word")
        who = {told.source.id: User(name=told.source.name, screen_name=told.source.screen_name)}
        at = moment(told.created_timestamp)
        return ConsentChanged(
            key=key, peer=peer(told.source.id, who), state=state, source=f"{word} on X", occurred_at=at
        )

    return decided


def moment(milliseconds: str) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


REASONS: Final[Mapping[str, str]] = {"user_event": "the account took its permission back: nothing comes any more"}
READERS: Final[Mapping[str, Callable[[bytes, str, Users], Inbound]]] = {
    "direct_message_events": _message,
    "direct_message_indicate_typing_events": _typing,
    "direct_message_mark_read_events": _read,
    "block_events": _decided(ConsentState.OPTED_OUT, "block"),
    "unblock_events": _decided(ConsentState.OPTED_IN, "unblock"),
}
