"""What principals ask, and what they hear: shapes shared by everything that accepts commands."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.live import LiveConnector
from gateway.tracing import trace_in_hand
from normalizer.commands import AboutMessages, SendMessage
from normalizer.model import Author, Delivery, Message


@dataclass(frozen=True)
class Ask:
    """A command with its principal. `connectors` are those configured when it came."""

    principal: str
    author: Author
    """Who it is said to be from, where the command names nobody."""
    command: SendMessage
    connectors: Mapping[str, LiveConnector]
    idempotency_key: str | None = None
    trace: str | None = field(default_factory=trace_in_hand)
    """To which what comes of it belongs."""


@dataclass(frozen=True)
class Order:
    """A command about a message that stands."""

    principal: str
    author: Author
    command: AboutMessages
    connectors: Mapping[str, LiveConnector]
    trace: str | None = field(default_factory=trace_in_hand)


@dataclass(frozen=True)
class Accepted:
    message: Message
    delivery: Delivery | None
    repeated: bool = False
    """It was accepted before under the same key; nothing was done again."""


@dataclass(frozen=True)
class Rejected:
    """`code` is one of `normalizer.errors.ErrorCode` where a channel would refuse, else a word of the API's own."""

    status: int
    code: str
    detail: str


class Refusal(Exception):
    """Ends the work on one command; becomes its `Rejected`."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.rejected = Rejected(status, code, detail)
