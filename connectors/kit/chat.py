"""The ability of a plugin whose provider is the hub itself: customers connect to the hub, and it keeps their sockets.

The plugin knows who shows a token and what a client's frame says: each frame comes to its `verify` and `parse` as a
request of its own. What goes to clients is the history, which the hub reads; so `send` has nothing to do but to name
the message. docs/explanation/chat-protocol.md has the whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from connectors.kit.request import Request
from normalizer.inbound import Peer


@dataclass(frozen=True)
class Caller:
    """Who shows a token. `peer` is whom their frames come from, claims and proof included."""

    peer: Peer
    visitor: str | None
    """The id of a visitor, who sees their own route. None for who is signed in: vouched for by the app, they see the
    whole shared history of their proven identities."""
    expires_at: datetime
    told: str
    """What the hub tells the plugin of them with each frame, as the header `caller`: without secrets, so that a kept
    frame can be read again."""

    @property
    def address(self) -> str:
        return self.peer.person.address.value


@dataclass(frozen=True)
class Pass:
    """A token that was just made."""

    token: str
    expires_at: datetime
    renew_at: datetime
    """When a client that comes by gets another."""


@dataclass(frozen=True)
class Doorway:
    """What the hub keeps to at the door of one connector."""

    page: Path
    """The folder of what an app embeds, given out as it stands."""
    origins: frozenset[str] = frozenset()
    """`scheme://host[:port]` each, `null`, or `*` for all."""
    proxies: int | None = None
    """How many proxies before the hub are believed when they say whom they speak for (`X-Forwarded-For`); None: as many
    as the hub's own setting says."""
    frame_octets: int = 64 << 10
    text: int = 20_000
    """Characters."""
    file_octets: int = 20 << 20
    files: int = 10
    """A message may have so many."""
    types: Sequence[str] = ()
    """Media types that may be uploaded; `image/*` stands for all of a kind."""
    emergency: bool = False
    sockets: int = 8
    """Of one person at a time."""
    messages_per_minute: int = 60
    """Of one person; a third of them at once."""
    receipts_per_minute: int = 600
    """What one person says of having got and read messages, beside these; a third at once."""
    sessions_per_minute: int = 60
    """Of one network address; as many at once."""
    uploads_per_minute: int = 30


@runtime_checkable
class Chats(Protocol):
    def doorway(self) -> Doorway: ...

    def caller(self, request: Request) -> Caller:
        """Who shows the request's token. Pure. Raises BadSignature with a `reason` the client may hear."""

    def visitor(self, id_: str, at: datetime) -> Pass | None:
        """A token for the visitor of this id; None where only who is signed in may chat. Pure."""
