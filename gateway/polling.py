"""Asking providers that do not call: each polled connector has a loop of its own.

Cursor and items are committed together; a crash between the poll and the commit polls again, and the items' keys make
them one. One process polls a connector at a time (`gateway.leases`).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from connectors.kit.base import Polls
from connectors.kit.collects import Closes, Collected
from connectors.kit.errors import KitError, Misconfigured, Temporary
from gateway.leases import rounds_of_one
from gateway.live import LiveConnector
from gateway.metrics import RECEIVED
from gateway.record.arrivals import record
from gateway.record.polled import polled_arrival, record_polled
from gateway.roles import Role
from gateway.store.times import now
from gateway.waiting import TROUBLE, backoff

if TYPE_CHECKING:
    from gateway.hub import Hub

log = structlog.get_logger()
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
MISCONFIGURED_PAUSE = 60.0
LONGEST_TOLD = 3600.0
"""What a provider may make us wait."""
LONGEST_POLL = 900.0
"""Seconds after which a poll has hung, whatever the plugin's own bounds."""
PASSES = "nothing, if the provider is in trouble: it is asked again by itself; else look at the network"
FAULT = "this is a fault of the plugin: the log has it; report it"
LEAST = 0.5
"""Seconds between polls that bring nothing: a provider that answers at once is not asked without end."""
_CURSOR = "SELECT cursor FROM cursors WHERE connector_id = ?"


@dataclass(frozen=True)
class Trouble:
    """Polls of a connector fail, one after the other."""

    reason: str
    since: datetime
    remedy: str | None = None


class Polling:
    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._pollers: dict[str, _Poller] = {}

    def start(self) -> None:
        for name, connector in self._hub.connectors.items():
            if name in self._pollers or not isinstance(connector.plugin, Polls) or not connector.plugin.polls():
                continue
            if (Role.DELIVER if connector.holds else Role.CLOCK) in self._hub.roles:
                self._pollers[name] = _Poller(self._hub, connector, connector.plugin)

    async def stop(self) -> None:
        await self._end(list(self._pollers))

    async def renew(self) -> None:
        """Polls by a new configuration; connectors that did not change are not interrupted."""
        wanted = self._hub.connectors
        await self._end([name for name, poller in self._pollers.items() if wanted.get(name) is not poller.connector])
        self.start()

    def trouble(self, connector_id: str) -> Trouble | None:
        """Why nothing is got from a connector's provider; None where all is well, or it is not polled."""
        poller = self._pollers.get(connector_id)
        return poller.trouble if poller else None

    def problem(self, connector_id: str) -> str | None:
        """Its reason alone."""
        trouble = self.trouble(connector_id)
        return trouble.reason if trouble else None

    def polls(self, connector_id: str) -> bool:
        return connector_id in self._pollers

    def here(self, connector_id: str) -> bool:
        """Whether this process, of all that share the store, is the one that polls it now."""
        poller = self._pollers.get(connector_id)
        return poller is not None and poller.here

    async def _end(self, names: list[str]) -> None:
        await asyncio.gather(*(self._pollers.pop(name).stop() for name in names))


class _Poller:
    """One connector's loop."""

    def __init__(self, hub: "Hub", connector: LiveConnector, plugin: Polls) -> None:
        self._hub = hub
        self.connector = connector
        self._plugin = plugin
        self.trouble: Trouble | None = None
        self.here = False
        """This process is the one that polls."""
        self._failures = 0
        part = f"polling {connector.id}"
        self._task = asyncio.create_task(rounds_of_one(hub, part, self._round, self._held), name=part)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[None]:
        """While this process polls; afterwards another may, which must find no connection of ours."""
        self.here = True
        plugin: object = self._plugin
        try:
            yield
        finally:
            self.here = False
            if isinstance(plugin, Closes):
                await plugin.close()

    async def _round(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            came = await self._poll()
        except (KitError, TimeoutError, *TROUBLE) as error:
            await self._rest(error)
            return
        except Exception as error:
            self._stumble(f"plugin fault: {type(error).__name__}", FAULT)
            raise
        self._recover()
        if not came:
            await asyncio.sleep(max(0.0, LEAST - (loop.time() - began)))

    async def _poll(self) -> bool:
        """Whether it brought anything."""
        cursor = await asyncio.to_thread(self._cursor)
        async with asyncio.timeout(LONGEST_POLL):
            polled = await self._plugin.poll(cursor)
        if isinstance(polled, Collected):
            await self._collect(polled)
            return True
        if polled.inbound or polled.cursor != cursor:
            arrival = polled_arrival(self.connector.place, polled, now())
            recorded = await self._hub.writer.write(record_polled, arrival)
            RECEIVED.labels(self.connector.id, recorded.outcome).inc()
            self._hub.confirm(self.connector, recorded.inbound)
        return bool(polled.inbound)

    async def _collect(self, collected: Collected) -> None:
        from gateway.collecting import collect  # it reads like a door, and doors know the hub

        async with asyncio.timeout(LONGEST_POLL):
            arrival = await collect(self._hub, self.connector, collected, now())
        recorded = await self._hub.writer.write(record, arrival)
        RECEIVED.labels(self.connector.id, recorded.outcome).inc()
        self._hub.confirm(self.connector, recorded.inbound)

    def _cursor(self) -> str | None:
        with self._hub.engine.connect() as connection:
            row = connection.exec_driver_sql(_CURSOR, (self.connector.id,)).fetchone()
        return row[0] if row else None

    async def _rest(self, error: Exception) -> None:
        self._failures += 1
        remedy: str | None = None
        match error:
            case Misconfigured():
                remedy = f"correct the connector's settings, then run: onethread connectors check {self.connector.id}"
                seconds = MISCONFIGURED_PAUSE
            case Temporary(retry_after=float() | int() as told):
                seconds = min(told, LONGEST_TOLD)
            case _:
                seconds = backoff(self._failures, FIRST_PAUSE, LONGEST_PAUSE)
        reason = f"{type(error).__name__}: {error}"
        if self.trouble is None or reason != self.trouble.reason:
            log.warning("polling failed", connector=self.connector.id, reason=reason, remedy=remedy)
        self._stumble(reason, remedy or PASSES)
        await asyncio.sleep(seconds)

    def _stumble(self, reason: str, remedy: str) -> None:
        since = self.trouble.since if self.trouble else now()
        self.trouble = Trouble(reason, since, remedy)

    def _recover(self) -> None:
        if self.trouble is not None:
            log.info("polling works again", connector=self.connector.id)
        self.trouble, self._failures = None, 0
