"""Consuming a queue of RabbitMQ on a connection of its own."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from amqp.exceptions import ConsumerCancelled

from gateway.bus.addresses import Broker
from gateway.bus.contract import Incoming, Take
from gateway.bus.link import Link
from gateway.bus.objects import let_queue_exist
from gateway.bus.taking import Taking, too_large


class _Mark(NamedTuple):
    epoch: int
    """Of the connection it came by: only there can it be acknowledged."""
    tag: int


class Consumption:
    """`start` and `stop` belong to the event loop, as everything of `Taking`; the rest to the link's thread."""

    def __init__(self, brokers: Sequence[Broker], queue: str, take: Take, prefetch: int, *, inlet: bool) -> None:
        self.link = Link(f"consumer of {queue}", brokers, self)
        self._queue = queue
        self._prefetch = prefetch
        self._inlet = inlet
        self._taking = Taking[_Mark](queue, take, self._settle)
        self.stopping = False
        self._verdicts: deque[tuple[_Mark, bool]] = deque()
        self._came: list[tuple[_Mark, Incoming]] = []
        self._epoch = 0
        self._channel: Any = None

    def start(self) -> None:
        self.link.start()

    async def stop(self) -> None:
        """Take no more, finish what was taken, give back what was only fetched."""
        if self.stopping:
            return
        self.stopping = True
        await self._taking.stop()
        await self.link.end()

    def _begin(self, came: list[tuple[_Mark, Incoming]]) -> None:
        if self.stopping:  # the broker hands them out again once the connection is closed
            return
        for mark, incoming in came:
            self._taking.begin(mark, incoming)

    def _settle(self, mark: _Mark, done: bool) -> None:
        self._verdicts.append((mark, done))
        self.link.ring()

    # --- the thread ---------------------------------------------------------------------------------------------------

    def opened(self, connection: Any, epoch: int) -> None:
        self._epoch = epoch
        let_queue_exist(connection, self._queue, inlet=self._inlet)
        self._channel = channel = connection.channel()
        channel.auto_decode = False
        channel.basic_qos(0, self._prefetch, False)
        channel.basic_consume(self._queue, callback=self._deliver, on_cancel=self._cancelled)

    def work(self) -> bool:
        while self._verdicts:
            mark, done = self._verdicts.popleft()
            if mark.epoch != self._epoch:  # it is being handed out again already
                continue
            if done:
                self._channel.basic_ack(mark.tag)
            else:
                self._channel.basic_reject(mark.tag, requeue=True)
        return False

    def report(self) -> None:
        if self._came:
            came, self._came = self._came, []
            self.link.tell(self._begin, came)

    def check(self, now: float) -> None:
        """Nothing is waited for here."""

    def closed(self, reason: str) -> None:  # noqa: ARG002 - the link has logged it
        self._came.clear()
        self._channel = None

    def _deliver(self, message: Any) -> None:
        tag = message.delivery_info["delivery_tag"]
        incoming = _incoming(message)
        if too_large(self._queue, incoming.body, incoming.message_id):
            self._channel.basic_reject(tag, requeue=False)
            return
        self._came.append((_Mark(self._epoch, tag), incoming))

    def _cancelled(self, _: str) -> None:
        """The queue was deleted, or its leader is elsewhere now: begin anew, with a queue."""
        raise ConsumerCancelled(f"the broker ended the consumer of {self._queue}")


def _incoming(message: Any) -> Incoming:
    given = message.properties
    return Incoming(
        body=bytes(message.body or b""),  # py-amqp has '' where there is none
        content_type=given.get("content_type") or "application/octet-stream",
        headers=_texts(given.get("application_headers") or {}),
        redelivered=bool(message.delivery_info["redelivered"]),
        reply_to=given.get("reply_to"),
        correlation_id=given.get("correlation_id"),
        message_id=given.get("message_id"),
    )


def _texts(headers: Mapping[str, Any]) -> dict[str, str]:
    """Headers that are text or a number; AMQP allows tables and lists too, which nobody here reads."""
    return {name: str(value) for name, value in headers.items() if isinstance(value, str | int | float)}
