"""All lanes of this process, and the look-out for work that nobody woke them for."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import structlog

from gateway.deliver import deliver
from gateway.live import LiveConnector
from gateway.send.pausing import unpause
from gateway.send.work import Lane
from gateway.store.times import now_us
from gateway.waiting import TROUBLE, rounds

if TYPE_CHECKING:
    from gateway.hub import Hub

log = structlog.get_logger()
BACKSTOP = 1.0
"""Seconds between looks for deliveries that another process queued or left behind."""
WORK = (
    "SELECT EXISTS (SELECT 1 FROM deliveries WHERE connector_id = ? AND rank IN (0, 1, 2, 3) AND status = 'queued'"
    " AND due_at <= ?)"
    " OR EXISTS (SELECT 1 FROM deliveries WHERE connector_id = ? AND status = 'queued' AND expires_at <= ?)"
    " OR EXISTS (SELECT 1 FROM deliveries WHERE connector_id = ? AND status = 'sending')"
)
"""Whether a lane has something to do: what is due, what is too late, what a former owner left."""


class Lanes:
    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._lanes: dict[str, Lane] = {}
        self._watch: asyncio.Task[None] | None = None

    def start(self) -> None:
        for connector in self._hub.connectors.values():
            self._begin(connector)
        self._watch = asyncio.create_task(rounds("lanes", self._look_out), name="lanes")

    async def stop(self) -> None:
        if self._watch:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
        await asyncio.gather(*(lane.stop(for_good=True) for lane in self._lanes.values()))
        self._lanes.clear()

    async def renew(self) -> None:
        """After a new configuration: lanes of connectors that changed start again, and try at once."""
        wanted: Mapping[str, LiveConnector] = self._hub.connectors
        for name, lane in list(self._lanes.items()):
            if wanted.get(name) is not lane.connector:
                await lane.stop()
                del self._lanes[name]
        for name, connector in wanted.items():
            if name not in self._lanes:
                self._begin(connector)
                with suppress(*TROUBLE):  # a pause then ends by itself
                    await self._hub.writer.write(unpause, name)

    def wake(self, connector_id: str) -> None:
        if lane := self._lanes.get(connector_id):
            lane.wake()

    def _begin(self, connector: LiveConnector) -> None:
        lane = Lane(
            connector,
            self._hub.writer,
            self._hub.files,
            lambda attachment_id: self._hub.links.link(attachment_id),
            owner=self._hub.name,
            keeps=self._hub.among_others,
            limits=self._hub.settings.limits,
            carry_out=deliver,
            here=partial(self._hub.polling.here, connector.id) if connector.holds else None,
        )
        self._lanes[connector.id] = lane
        lane.start()

    async def _look_out(self) -> None:
        await asyncio.sleep(BACKSTOP)
        for connector_id in await asyncio.to_thread(self._with_work, list(self._lanes)):
            self.wake(connector_id)

    def _with_work(self, connector_ids: Sequence[str]) -> list[str]:
        time = now_us()
        with self._hub.engine.connect() as connection:
            return [
                connector_id
                for connector_id in connector_ids
                if connection.exec_driver_sql(WORK, (connector_id, time, connector_id, time, connector_id)).scalar()
            ]
