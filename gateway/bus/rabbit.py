"""RabbitMQ: quorum queues, pipelined confirms; a connection for publishing, one for declaring, one per consumer."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from gateway.bus.addresses import Broker
from gateway.bus.consuming import Consumption
from gateway.bus.contract import BusDown, Publication, Take
from gateway.bus.controlling import Controlling, Task
from gateway.bus.fitting import fitting, must_fit
from gateway.bus.objects import delete_queue, let_queue_exist, let_topic_exist, queue_depth
from gateway.bus.publishing import PATIENCE, Publishing


class RabbitBus:
    """See `gateway.bus.contract.Bus`."""

    def __init__(self, brokers: Sequence[Broker], patience: float = PATIENCE) -> None:
        """`patience`: seconds within which the broker confirms, or what was published counts as not."""
        self._brokers = tuple(brokers)
        self._patience = patience
        self._publishing: Publishing | None = None
        self._controlling: Controlling | None = None
        self._consumptions: set[Consumption] = set()

    def __repr__(self) -> str:
        return f"RabbitBus({', '.join(map(str, self._brokers))})"

    def start(self) -> None:
        self._publishing = Publishing(self._brokers, self._patience)
        self._controlling = Controlling(self._brokers)
        self._publishing.link.start()
        self._controlling.link.start()

    async def stop(self) -> None:
        if self._publishing is None or self._controlling is None:
            return
        controlling, self._controlling = self._controlling, None
        await asyncio.gather(*(consumption.stop() for consumption in self._consumptions), self._publishing.stop())
        await controlling.link.end()

    @property
    def up(self) -> bool:
        return self._publishing is not None and self._publishing.link.up

    @property
    def blocked(self) -> bool:
        return self._publishing is not None and self._publishing.link.blocked

    @property
    def problem(self) -> str | None:
        return "the bus is not running" if self._publishing is None else self._publishing.link.problem

    async def ready(self) -> None:
        publishing, controlling = self._parts()
        await publishing.link.ready()
        await controlling.link.ready()

    async def publish(
        self, exchange: str, key: str, body: bytes, headers: Mapping[str, str], *, mandatory: bool, message_id: str
    ) -> None:
        must_fit(exchange, key, message_id, body=body, headers=headers)
        publishing, _ = self._parts()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        told = partial(_settle, done)
        publishing.hand_over([Publication(exchange, key, body, headers, mandatory, message_id, told)])
        await done

    def hand_over(self, publications: Sequence[Publication]) -> None:
        if self._publishing is None:
            down = BusDown("the bus is not running")
            for one in publications:
                asyncio.get_running_loop().call_soon(one.told, down)
        else:
            self._publishing.hand_over(fitting(publications))

    async def declare(self, queue: str, *, inlet: bool = False) -> None:
        must_fit(queue)
        await self._control(lambda connection: let_queue_exist(connection, queue, inlet=inlet))

    async def delete(self, queue: str) -> None:
        must_fit(queue)
        await self._control(lambda connection: delete_queue(connection, queue))

    async def declare_topic(self, exchange: str) -> None:
        must_fit(exchange)
        publishing, _ = self._parts()
        await self._control(lambda connection: let_topic_exist(connection, exchange))
        publishing.topics.add(exchange)

    def consume(self, queue: str, take: Take, *, prefetch: int = 32, inlet: bool = False) -> Consumption:
        must_fit(queue)
        consumption = Consumption(self._brokers, queue, take, prefetch, inlet=inlet)
        self._consumptions = {one for one in self._consumptions if not one.stopping} | {consumption}
        consumption.start()
        return consumption

    async def depth(self, queue: str) -> int | None:
        must_fit(queue)
        found: int | None = await self._control(lambda connection: queue_depth(connection, queue))
        return found

    async def _control(self, task: Task) -> Any:
        _, controlling = self._parts()
        return await controlling.carry_out(task)

    def _parts(self) -> tuple[Publishing, Controlling]:
        if self._publishing is None or self._controlling is None:
            raise BusDown("the bus is not running")
        return self._publishing, self._controlling


def _settle(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.done():  # whoever published went away
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
