"""Where copies go: the bus, in a queue of the subscription's own or through the topic exchange for everybody.

A target raises what its relay does next:

Refusal
├── NotTaken       this event; try it again later
├── NotThere       no event at all would be taken now; try now and then
├── Away           wait until the target is ready again, which it notices by itself
└── Ended          the target wants no more, for good
"""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from gateway.bus.contract import MOST_BODY, Bus, BusDown, Publication, Unroutable
from gateway.bus.names import TOPIC, queue_of, topic_key
from gateway.relay.copies import Copy

MOST_EVENT = MOST_BODY - 256
"""What is said beside an event takes the rest."""
ANY = 1 << 62
IN_FLIGHT = 1_000
"""Copies under way to a broker, for one subscription: it confirms them by the hundred, once they are on a disk."""


class Refusal(Exception):
    """`detail` is for people, without secrets. With `retry_after` (seconds) the target told how long to wait."""

    def __init__(self, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after


class NotTaken(Refusal):
    """This event was not taken."""


class NotThere(Refusal):
    """The target is not reached, or wants to be left alone."""


class Away(Refusal):
    """Nobody's fault: the way to the target is interrupted."""


class Ended(Refusal):
    """The target wants no more."""


Told = Callable[[Exception | None], None]
"""Hears once what became of a copy: None, it was taken; or the error, as the target names it."""


class Target(Protocol):
    pipelined: bool
    """Copies handed over in order arrive in order, so that none need wait for the one before: it is a Pipeline."""
    at_once: int
    """How many copies may be under way."""
    most: int
    """Octets of an event that it takes."""

    @property
    def problem(self) -> str | None:
        """Why nothing gets through now, where the way there is to blame."""

    async def open(self) -> None:
        """Makes ready for copies. Raises Refusal."""

    async def send(self, copy: Copy) -> None:
        """Returns when the target has taken it. Raises Refusal."""

    async def ready(self) -> None:
        """Returns when, after Away, it is worth another attempt."""

    async def idle(self) -> bool:
        """Whether somebody who is told the newest position would hear of it. Raises Refusal."""

    async def close(self) -> None:
        """Ends connections."""

    async def remove(self) -> None:
        """Leaves nothing behind: the subscription is no more. Raises Refusal."""


@runtime_checkable
class Pipeline(Target, Protocol):
    def hand_over(self, copies: Sequence[tuple[Copy, Told]]) -> None:
        """Begins to send them, in their order. Each is told on the event loop, after this returned."""

    def meaning(self, error: Exception) -> Refusal | None:
        """What a told error asks of the relay; None for a fault of the hub."""


class QueueTarget:
    pipelined = True
    at_once = IN_FLIGHT
    most = MOST_EVENT

    def __init__(self, bus: Bus, subscription: str) -> None:
        self._bus = bus
        self._queue = queue_of(subscription)

    @property
    def problem(self) -> str | None:
        return self._bus.problem

    async def open(self) -> None:
        try:
            await self._bus.declare(self._queue)
        except BusDown as error:
            raise _away(error) from error

    async def send(self, copy: Copy) -> None:
        try:
            await self._bus.publish("", self._queue, copy.body, copy.headers, mandatory=True, message_id=copy.id)
        except (BusDown, Unroutable) as error:
            raise self.meaning(error) or error from error

    def hand_over(self, copies: Sequence[tuple[Copy, Told]]) -> None:
        self._bus.hand_over(
            [Publication("", self._queue, copy.body, copy.headers, True, copy.id, told) for copy, told in copies]
        )

    def meaning(self, error: Exception) -> Refusal | None:
        if isinstance(error, Unroutable):  # somebody deleted it; `open` makes it again
            return Away(f"there is no queue {self._queue}")
        return _away(error) if isinstance(error, BusDown) else None

    async def ready(self) -> None:
        await self._bus.ready()

    async def idle(self) -> bool:
        """Not while copies wait unread: whoever reads them will see their positions."""
        try:
            return await self._bus.depth(self._queue) == 0
        except BusDown as error:
            raise _away(error) from error

    async def close(self) -> None:
        """The bus is the hub's."""

    async def remove(self) -> None:
        try:
            await self._bus.delete(self._queue)
        except BusDown as error:
            raise _away(error) from error


class TopicTarget:
    """For consumers that bind queues of their own; where none does, nothing is kept for anybody."""

    pipelined = True
    at_once = IN_FLIGHT
    most = MOST_EVENT

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    @property
    def problem(self) -> str | None:
        return self._bus.problem

    async def open(self) -> None:
        try:
            await self._bus.declare_topic(TOPIC)
        except BusDown as error:
            raise _away(error) from error

    async def send(self, copy: Copy) -> None:
        key = topic_key(copy.type, copy.channel, copy.connector)
        try:
            await self._bus.publish(TOPIC, key, copy.body, copy.headers, mandatory=False, message_id=copy.id)
        except BusDown as error:
            raise _away(error) from error

    def hand_over(self, copies: Sequence[tuple[Copy, Told]]) -> None:
        self._bus.hand_over(
            [
                Publication(
                    TOPIC,
                    topic_key(copy.type, copy.channel, copy.connector),
                    copy.body,
                    copy.headers,
                    False,
                    copy.id,
                    told,
                )
                for copy, told in copies
            ]
        )

    def meaning(self, error: Exception) -> Refusal | None:
        return _away(error) if isinstance(error, BusDown) else None

    async def ready(self) -> None:
        await self._bus.ready()

    async def idle(self) -> bool:
        return True

    async def close(self) -> None:
        """The bus is the hub's."""

    async def remove(self) -> None:
        """The exchange is everybody's."""


def _away(error: BusDown) -> Away:
    return Away(f"the broker cannot be reached: {error}" if str(error) else "the broker cannot be reached")
