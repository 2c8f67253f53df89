"""A call as its readers need it, and those it names."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from connectors.channels.vk.event import Posted
from connectors.kit.request import Request
from normalizer.inbound import Address, Peer, Person
from normalizer.model import ConversationKind

SCHEME: Final = "vk"
CHATS: Final = 2_000_000_000
"""Peers from here on are group chats."""


class Call:
    """As it was posted."""

    def __init__(self, posted: Posted, request: Request) -> None:
        self.posted = posted
        self.object = bytes(posted.object)
        self.body = request.body
        self.at = request.received_at
        """Some events carry no time."""

    @property
    def key(self) -> str:
        """Of what has no name of its own: the same event may come by several servers of a community."""
        name = self.posted.event_id or sha256(self.body).hexdigest()
        return f"{self.posted.type[:64]}:{name[:128]}"


def peer_of(peer: int) -> Peer:
    group = peer >= CHATS
    kind = ConversationKind.GROUP if group else ConversationKind.PERSONAL
    return Peer(person=person(peer), kind=kind)


def person(number: int) -> Person:
    return Person(address=Address(scheme=SCHEME, value=str(number)))


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
