"""kombu's memory transport: a bus inside one process, for the hub that stands alone.

What waits in it ends with the process. Consumers in the same process may use `kombu.Connection("memory://")`, whose
queues are these. A message given back goes to the end of its queue.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from kombu.connection import Connection
from kombu.exceptions import ChannelError

from gateway.bus.contract import BusDown, Incoming, Publication, Take, Unroutable
from gateway.bus.fitting import fitting, must_fit, undeclared
from gateway.bus.taking import Taking, too_large
from gateway.bus.virtual import QUEUES, bound, incoming, let_exist, send
from gateway.waiting import rounds

POLLING = 0.005
"""Seconds between looks for messages."""
MOST_WAITING = 10_000
"""In one queue; nobody seems to take from it, and memory is not the place to keep more."""
INLET = "fanout"
"""The type of an inlet's exchange."""
REDELIVERED = "redelivered"


class MemoryBus:
    """See `gateway.bus.contract.Bus`. Everything happens on the event loop, at once."""

    blocked = False

    def __init__(self) -> None:
        self._channel: Any = None
        self._connection: Any = None
        self._started = asyncio.Event()
        self._consumptions: set[MemoryConsumption] = set()

    def start(self) -> None:
        self._connection = Connection("memory://")  # type: ignore[no-untyped-call]  # kombu is half typed
        self._channel = self._connection.channel()
        self._channel.exchange_declare(QUEUES, "direct", durable=True)
        self._started.set()

    async def stop(self) -> None:
        if not self.up:
            return
        await asyncio.gather(*(consumption.stop() for consumption in self._consumptions))
        self._started.clear()
        self._connection.release()

    @property
    def up(self) -> bool:
        return self._started.is_set()

    @property
    def problem(self) -> str | None:
        return None if self.up else "the bus is not running"

    async def ready(self) -> None:
        await self._started.wait()

    async def publish(
        self, exchange: str, key: str, body: bytes, headers: Mapping[str, str], *, mandatory: bool, message_id: str
    ) -> None:
        must_fit(exchange, key, message_id, body=body, headers=headers)
        self._publish(exchange, key, body, headers, mandatory=mandatory, message_id=message_id)
        await asyncio.sleep(0)  # whoever publishes without end leaves a turn to the others

    def hand_over(self, publications: Sequence[Publication]) -> None:
        for one in fitting(publications):
            error: Exception | None = None
            try:
                self._publish(
                    one.exchange, one.key, one.body, one.headers, mandatory=one.mandatory, message_id=one.message_id
                )
            except (BusDown, Unroutable) as refused:
                error = refused
            asyncio.get_running_loop().call_soon(one.told, error)

    def _publish(
        self, exchange: str, key: str, body: bytes, headers: Mapping[str, str], *, mandatory: bool, message_id: str
    ) -> None:
        channel = self._open()
        if exchange == "":
            waiting = self._depth(key)
            if waiting is None:
                if mandatory:
                    raise Unroutable(f"no queue takes {key}")
                return
            if waiting >= MOST_WAITING:
                raise BusDown(f"{waiting} messages wait in {key}, and memory keeps no more: take them")
        elif exchange not in channel.get_exchanges():
            raise undeclared(exchange, mandatory=mandatory)
        elif mandatory and not bound(channel, exchange, key):
            raise Unroutable(f"no queue takes {key}")
        send(channel, exchange, key, body, headers, message_id)

    async def declare(self, queue: str, *, inlet: bool = False) -> None:
        must_fit(queue)
        let_exist(self._open(), queue, inlet=INLET if inlet else None)

    async def delete(self, queue: str) -> None:
        channel = self._open()
        channel.queue_delete(queue)
        if queue in channel.get_exchanges():
            channel.exchange_delete(queue)

    async def declare_topic(self, exchange: str) -> None:
        must_fit(exchange)
        self._open().exchange_declare(exchange, "topic", durable=True)

    def consume(self, queue: str, take: Take, *, prefetch: int = 32, inlet: bool = False) -> "MemoryConsumption":
        consumption = MemoryConsumption(self._open(), queue, take, prefetch, inlet=inlet)
        self._consumptions = {one for one in self._consumptions if not one.stopping} | {consumption}
        return consumption

    async def depth(self, queue: str) -> int | None:
        return self._depth(queue)

    def _depth(self, queue: str) -> int | None:
        with suppress(ChannelError):
            return int(self._open().queue_declare(queue, passive=True).message_count)
        return None

    def _open(self) -> Any:
        if not self.up:
            raise BusDown("the bus is not running")
        return self._channel


class MemoryConsumption:
    """Fetches from one queue as long as there is room."""

    def __init__(self, channel: Any, queue: str, take: Take, prefetch: int, *, inlet: bool) -> None:
        self.stopping = False
        self._channel = channel
        self._inlet = inlet
        self._queue = queue
        self._prefetch = prefetch
        self._taking = Taking[Any](queue, take, self._settle)
        self._task = asyncio.create_task(rounds(f"consumer of {queue}", self._fetch), name=f"consumer of {queue}")

    async def stop(self) -> None:
        self.stopping = True
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self._taking.stop()

    async def _fetch(self) -> None:
        let_exist(self._channel, self._queue, inlet=INLET if self._inlet else None)
        while self._taking.underway < self._prefetch:
            message = self._channel.basic_get(self._queue, no_ack=True)
            if message is None:
                break
            incoming = _incoming(message)
            if not too_large(self._queue, incoming.body, incoming.message_id):
                self._taking.begin(message, incoming)
        await asyncio.sleep(POLLING)

    def _settle(self, message: Any, done: bool) -> None:
        if not done:
            again = self._channel.prepare_message(
                message.body,
                content_type=message.content_type,
                content_encoding=message.content_encoding,
                headers=message.headers,
                properties={**message.properties, "delivery_info": {}, REDELIVERED: True},
            )
            self._channel.basic_publish(again, "", self._queue)


def _incoming(message: Any) -> Incoming:
    return incoming(message, message.headers or {}, redelivered=bool(message.properties.get(REDELIVERED)))
