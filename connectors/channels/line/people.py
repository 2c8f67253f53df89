"""Who is meant: people, groups and rooms, and the names messages go by.

An id says by its letter what it names: `U` a person, `C` a group, `R` a room (a chat of several without a name). A
person's id is the same for all channels of one provider. An event tells ids only, no names. Source:
developers.line.biz/en/docs/messaging-api/getting-user-ids, `webhook.yml` of line-openapi (read 2026-11).
"""

import re
from datetime import UTC, datetime
from typing import Final

from connectors.channels.line.event import Source
from connectors.kit.errors import BadPayload, Unreachable
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, Peer, Person
from normalizer.model import ConversationKind

SCHEME: Final = "line"
POSTBACK: Final = "postback:"
"""Before the event's id of a pressed button, where a message has its external id."""
CHAT: Final = re.compile(r"[UCR][0-9a-f]{32}", re.ASCII)
PERSON: Final = "U"


def moment(stamp: int) -> datetime:
    """`stamp` in milliseconds. Raises BadPayload."""
    try:
        return datetime.fromtimestamp(stamp / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadPayload("no time of this calendar") from error


def peer(source: Source) -> Peer:
    """The other end of a route. Raises BadPayload."""
    if source.type == "user" and source.user_id is not None:
        return Peer(person=_named(source.user_id))
    place = {"group": source.group_id, "room": source.room_id}.get(source.type)
    if place is None:
        raise BadPayload(f"an event of nobody: {source.type[:32]}")
    return Peer(person=_named(place), kind=ConversationKind.GROUP)


def author(source: Source) -> Person | None:
    """Who wrote, where that is not the peer itself and LINE tells."""
    return _named(source.user_id) if source.type != "user" and source.user_id is not None else None


def recipient(address: Address) -> str:
    """A chat's id. Raises Unreachable."""
    if not CHAT.fullmatch(address.value):
        raise Unreachable("not the id of a person, group or room", code=ErrorCode.INVALID_ADDRESS)
    return address.value


def is_person(address: Address) -> bool:
    return address.value.startswith(PERSON)


def _named(value: str) -> Person:
    return Person(address=Address(scheme=SCHEME, value=value))
