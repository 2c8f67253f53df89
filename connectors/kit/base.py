"""The contract: what a plugin says of itself, and the four things it does.

`verify`, `parse` and `respond` are pure; `send` is the only I/O. A plugin never retries, sleeps, logs bodies or reads a
clock. What only some channels can do is an optional ability: a small protocol that the plugin's class fulfils.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

import msgspec

from connectors.kit.collects import Collected
from connectors.kit.config import PluginConfig
from connectors.kit.errors import Refused
from connectors.kit.http import Http
from connectors.kit.outbound import File as File
from connectors.kit.outbound import Outbound as Outbound
from connectors.kit.outbound import OutboundEdit as OutboundEdit
from connectors.kit.outbound import OutboundReaction as OutboundReaction
from connectors.kit.outbound import Sent as Sent
from connectors.kit.patience import USUAL, Patience
from connectors.kit.request import Request, Response
from connectors.kit.secret import Secret
from connectors.kit.state import NOWHERE, State
from normalizer.capability import Capability
from normalizer.errors import ErrorCode
from normalizer.inbound import Address, Inbound
from normalizer.model import Visibility

C = TypeVar("C", bound=PluginConfig)


class Settles(StrEnum):
    """What settles a send whose outcome is unknown, apart from an operator."""

    CALLBACK = "callback"
    KEY = "key"
    LOOKUP = "lookup"
    NEVER = "never"


@dataclass(frozen=True)
class Info:
    name: str
    """The plugin's kind, as `plugin:` in the configuration."""
    channel: str
    """An open string: `sms`, `email`, …; several plugins may serve one channel."""
    scheme: str
    """Of the identities it meets: `tel`, `mailto`, or its own."""
    capability: Capability
    settles: Settles
    summary: str = ""
    patience: Patience = USUAL
    answers_within: float | None = None
    """Seconds after which the provider must hear something, such as the caller on a line. What is not committed by then
    stays queued, and the plugin answers `Outcome.LATE`. None: the provider waits for the commit."""
    public: Capability | None = None
    """What routes carry that everybody reads, such as the comments under a post, where that is not what private ones
    do; of its `inbound` and `initiates` nothing is asked. None: the same."""
    has_paths: bool = False
    """Whether the provider appends paths of its own to the address it was told: all below it is its, too."""

    def on(self, visibility: str) -> Capability:
        """What a route of this visibility carries."""
        return self.public if self.public is not None and visibility == Visibility.PUBLIC else self.capability


class Outcome(StrEnum):
    """What became of a request; decides what the provider hears."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    OVERLOADED = "overloaded"
    """Nothing was stored; the provider should come again."""
    LATE = "late"
    """Not stored yet, but it will be; only where `Info.answers_within` is set. No success may be told by it."""


def _keeps_nothing(name: str) -> Path | bytes:  # noqa: ARG001 - what nobody kept has no name
    raise Refused("what the request held is not kept", code=ErrorCode.MEDIA_UNREACHABLE)


@dataclass(frozen=True)
class Tools:
    """What the hub lends a plugin."""

    connector: str
    http: Http
    """Knows which addresses the operator trusts, sets limits and keeps the redacted exchange log."""
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    """UTC. For what a poll brings, which no request stamps; plugins read no other clock."""
    webhook_url: str = ""
    """Where the provider reaches this connector, for those that are told with each message; empty: nowhere."""
    show_typing: Callable[[str], None] = field(default=lambda _: None)
    """To the client at an address (its value) that is connected to the hub itself (`connectors.kit.chat`)."""
    raw: Callable[[str], Path | bytes] = field(default=_keeps_nothing)
    """By `Request.raw`, the body of a request that was recorded: a file where it is large, so that nobody holds it
    whole, else its octets. Blocks; for `fetch`, in a thread. Raises Refused where it is no longer kept."""
    state: State = NOWHERE
    """What the connector keeps for itself from one day to the next (`connectors.kit.state`)."""


class Plugin(ABC, Generic[C]):
    """One configured connector. Subclasses set `info` and `Config` and fulfil the four methods."""

    info: ClassVar[Info]
    Config: ClassVar[type[PluginConfig]]

    def __init__(self, config: C, tools: Tools) -> None:
        self.config = config
        self.tools = tools
        vars(self)["info"] = self.described(config)

    @abstractmethod
    def verify(self, request: Request) -> None:
        """Raises BadSignature unless the provider sent it. Pure."""

    def kept(self, request: Request) -> Request:
        """What the hub stores of a verified request (but mail) and lets `parse` see, also whenever it is read again: a
        body that holds the caller's proof goes without it. Pure. Raises nothing."""
        return request

    @abstractmethod
    def parse(self, request: Request) -> Sequence[Inbound]:
        """What the request says. Raises BadPayload. Pure: twice the same request, twice the same items."""

    def respond(self, request: Request, outcome: Outcome) -> Response:  # noqa: ARG002 - part of the contract
        """What the provider hears. Raises nothing."""
        return ANSWERS[outcome]

    @abstractmethod
    async def send(self, outbound: Outbound) -> Sent:
        """Hands one payload to the provider. Raises the sending errors of `connectors.kit.errors`."""

    @classmethod
    def described(cls, config: PluginConfig) -> Info:  # noqa: ARG003 - for those whose settings decide
        """What a connector with this configuration is: `info`, unless its settings decide the channel."""
        return cls.info

    @classmethod
    def trusted_origins(cls, config: PluginConfig) -> Sequence[str]:
        """Origins (`https://host:port`) the operator configured, exempt from the address guard."""
        base = getattr(config, "api_base", None)
        return (base,) if isinstance(base, str) else ()


ANSWERS: Mapping[Outcome, Response] = {
    Outcome.RECORDED: Response(200),
    Outcome.DUPLICATE: Response(200),
    Outcome.QUARANTINED: Response(200),
    Outcome.OVERLOADED: Response(503, headers={"retry-after": "5"}),
    Outcome.LATE: Response(503, headers={"retry-after": "5"}),
}


# --- optional abilities ---------------------------------------------------------------------------------------------


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Who the credentials belong to."""

    name: str
    details: dict[str, str] = {}


@runtime_checkable
class Checks(Protocol):
    async def check(self) -> Account:
        """Asks the provider whether the credentials work. Raises Misconfigured, Temporary."""


@dataclass(frozen=True)
class Asked:
    """What an operator is to allow, in a browser."""

    url: str
    """The address to open."""
    returns_to: str
    """How the address begins to which the provider sends the browser then."""
    remembered: Mapping[str, Secret]
    """What the plugin has to know when they come back."""


@runtime_checkable
class Authorizes(Protocol):
    """Credentials that somebody allows in a browser, and the connector keeps (`connectors.kit.grant`)."""

    def authorization(self) -> Asked:
        """Raises Misconfigured where the connector's settings hold its credentials already."""

    async def authorize(self, asked: Asked, landed: str) -> Account:
        """Keeps what was allowed; `landed` is the whole address the browser was sent to. Raises Refused where nothing
        was allowed or it is of another asking, Temporary, Misconfigured."""


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """The webhook as the provider has it."""

    url: str | None
    pending: int | None = None
    last_error: str | None = None
    details: dict[str, Any] = {}


@runtime_checkable
class Registers(Protocol):
    async def register(self, url: str) -> Registration: ...
    async def registration(self) -> Registration: ...
    async def unregister(self) -> Registration: ...


@dataclass(frozen=True)
class Fetched:
    """A file on its way; `chunks` must be read to the end or closed."""

    chunks: AsyncIterator[bytes]
    media_type: str | None = None
    name: str | None = None
    size: int | None = None


@runtime_checkable
class Fetches(Protocol):
    async def fetch(self, source: str) -> Fetched:
        """Opens the file `Media.source` names. Raises Temporary, Refused (gone or too large), Misconfigured."""


@dataclass(frozen=True)
class Polled:
    """What one poll brought; the hub commits items and cursor together."""

    inbound: Sequence[Inbound]
    cursor: str
    raw: bytes
    more: bool = False
    """There is more to be had at once: of a backfill that is taken in portions."""


@runtime_checkable
class Polls(Protocol):
    def polls(self) -> bool:
        """Whether this connector is configured to poll."""

    async def poll(self, cursor: str | None) -> Polled | Collected:
        """Waits a while for news after `cursor`: items, or one whole message. Raises Temporary, Misconfigured."""


@runtime_checkable
class Backfills(Protocol):
    """What a provider that calls could not deliver, because the hub was down, is asked for afterwards."""

    async def backfill(self, cursor: str | None) -> Polled | Collected:
        """What came since `cursor`, each item under the same key as its webhook, oldest first; or one whole message,
        after which it is asked again at once.

        Without a cursor it takes none of the past, and returns the cursor to begin with. Raises Temporary,
        Misconfigured.
        """


@runtime_checkable
class Edits(Protocol):
    async def edit(self, outbound: OutboundEdit) -> Sent: ...


@runtime_checkable
class Reacts(Protocol):
    async def react(self, outbound: OutboundReaction) -> Sent: ...


@runtime_checkable
class Types(Protocol):
    async def typing(self, address: Address, thread: str | None) -> None: ...


@runtime_checkable
class TypesUnder(Protocol):
    """As `Types`, where the provider shows it under the peer's last message, and marks that as read by it."""

    async def typing_under(self, address: Address, external_id: str) -> None: ...


@runtime_checkable
class Confirms(Protocol):
    """Some items want a word back to the provider after the commit, such as ending a button's spinner."""

    def awaits(self, inbound: Inbound) -> bool:
        """Whether the provider waits for a word about this item. Pure."""

    async def confirm(self, inbound: Inbound) -> None: ...
