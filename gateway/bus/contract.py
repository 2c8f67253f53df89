"""What the rest of the hub knows of a message bus: publish confirmed copies, declare queues, consume.

The bus carries; the store remembers. Whatever is lost here is published again by whoever keeps the position.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

__all__ = [
    "CONTENT_TYPE",
    "MOST_BODY",
    "MOST_HEADERS",
    "Bus",
    "BusDown",
    "BusUnsupported",
    "Consuming",
    "Incoming",
    "Publication",
    "Take",
    "Unroutable",
    "open_bus",
]

CONTENT_TYPE = "application/cloudevents+json"
"""Of whatever is published: a CloudEvent in structured mode."""
MOST_BODY = 1 << 20
"""Octets of a message's body, both ways."""
MOST_HEADERS = 64 << 10
"""Octets of its headers, names and values together: the broker takes them in one frame or not at all."""


class BusDown(Exception):
    """The broker cannot be reached now, or did not confirm: what was published may be there or not.

    The bus reconnects by itself; publish again after `Bus.ready`.
    """


class Unroutable(Exception):
    """No queue takes it, and it was mandatory: declare the queue and publish again."""


class BusUnsupported(Exception):
    """The address names a bus this hub cannot use; the text says which it can."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message as a consumer gets it. `redelivered` says that it may have been handed out before."""

    body: bytes
    content_type: str = "application/octet-stream"
    headers: Mapping[str, str] = field(default_factory=dict)
    redelivered: bool = False
    reply_to: str | None = None
    correlation_id: str | None = None
    message_id: str | None = None


Take = Callable[[Incoming], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Publication:
    """One message to publish, and who is told what became of it: None, or what `Bus.publish` would raise."""

    exchange: str
    key: str
    body: bytes
    headers: Mapping[str, str]
    mandatory: bool
    message_id: str
    told: Callable[[Exception | None], None]


class Consuming(Protocol):
    """One queue being consumed."""

    async def stop(self) -> None:
        """Take no more, finish what was taken, give back what was only fetched."""


class Bus(Protocol):
    """Published means confirmed by the broker. All methods belong to the event loop that called `start`."""

    def start(self) -> None:
        """Connect in the background; `ready` waits for it."""

    async def stop(self) -> None:
        """Finish what was published (bounded in time), stop the consumers, close the connections. Once or more."""

    @property
    def up(self) -> bool:
        """Whether a publish would now reach the broker."""

    @property
    def blocked(self) -> bool:
        """Whether the broker, though reached, takes nothing until it has memory or disk again."""

    @property
    def problem(self) -> str | None:
        """Why the broker was not reached, or takes nothing; None while all is well. Shows no secret."""

    async def ready(self) -> None:
        """Wait until connected."""

    async def publish(
        self, exchange: str, key: str, body: bytes, headers: Mapping[str, str], *, mandatory: bool, message_id: str
    ) -> None:
        """Return when the broker has confirmed it (a quorum queue: replicated). Calls keep their order.

        Many may be in flight. The empty exchange name is the default exchange, whose key is a queue's name.
        Raises BusDown (not confirmed: it may be there or not), Unroutable, and ValueError for what no broker takes: a
        body over MOST_BODY, headers over MOST_HEADERS, names over 255 octets. An exchange that `declare_topic` did not
        declare is as one that nobody bound: Unroutable where it is mandatory, else BusDown; declare it.
        """

    def hand_over(self, publications: Sequence[Publication]) -> None:
        """Begin to publish, as so many calls of `publish` would, for a fifth of the cost.

        Each is told once, on the event loop and after this returned.
        """

    async def declare(self, queue: str, *, inlet: bool = False) -> None:
        """Let a durable queue exist; one that exists with other properties is left as it is. Raises BusDown.

        `inlet`: others write to it and the hub reads. Of several consumers one at a time gets its messages, so that
        their order holds; and an exchange of the queue's name leads to it alone, so that the broker's permissions can
        say who may write there.
        """

    async def delete(self, queue: str) -> None:
        """Let the queue exist no more, with what it holds and an exchange of its name. Raises BusDown."""

    async def declare_topic(self, exchange: str) -> None:
        """Let a durable topic exchange exist. Raises BusDown."""

    def consume(self, queue: str, take: Take, *, prefetch: int = 32, inlet: bool = False) -> Consuming:
        """Declare (as `declare`) and consume a queue until stopped, also over lost connections.

        Up to `prefetch` messages are taken at once, begun in their order. A message is acknowledged after `take`
        returned; one whose `take` raised goes back to the queue after a pause. At least once: the same message may
        come again. One whose body is over MOST_BODY is dropped, and the log says so.
        """

    async def depth(self, queue: str) -> int | None:
        """How many messages wait in the queue to be fetched; None when there is no such queue. Raises BusDown."""


def open_bus(url: str) -> Bus:
    """The bus of an address: memory://, amqp://, redis://. Raises BusUnsupported with one sentence for others."""
    from gateway.bus.opening import bus_of  # kombu is loaded when a bus is opened

    return bus_of(url)
