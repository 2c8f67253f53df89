"""Asking providers that call for what they could not deliver: when the hub starts, and every so often from then on.

What a backfill brings, items or one whole message, is recorded as what a poll brings, its cursor with it. Its items
have the keys of their webhooks, so nothing that came already comes twice. One process asks for a connector at a time
(`gateway.leases`).
"""

import asyncio
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import text

from connectors.kit.base import Backfills, Outcome, Polls
from connectors.kit.collects import Collected
from connectors.kit.errors import KitError, Misconfigured, Temporary
from gateway.leases import rounds_of_one
from gateway.live import LiveConnector
from gateway.metrics import RECEIVED
from gateway.record.arrivals import record
from gateway.record.polled import polled_arrival, record_polled
from gateway.store.times import now
from gateway.waiting import TROUBLE, backoff

if TYPE_CHECKING:
    from gateway.arrival import Recorded
    from gateway.hub import Hub

log = structlog.get_logger()
FIRST_PAUSE = 1.0
LONGEST = 900.0
"""Seconds after which a backfill has hung, whatever the plugin's own bounds."""
_CURSOR = text("SELECT cursor FROM cursors WHERE connector_id = :connector")


class Backfilling:
    """Every connector that can be backfilled and is not polled has a loop of its own."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._askers: dict[str, _Asker] = {}

    def start(self) -> None:
        if not self._hub.settings.limits.backfill_every:
            return
        for name, connector in self._hub.connectors.items():
            plugin: object = connector.plugin
            polled = isinstance(plugin, Polls) and plugin.polls()
            if name not in self._askers and isinstance(plugin, Backfills) and not polled:
                self._askers[name] = _Asker(self._hub, connector, plugin)

    async def stop(self) -> None:
        await self._end(list(self._askers))

    async def renew(self) -> None:
        """Asks by a new configuration; connectors that did not change are not interrupted."""
        wanted = self._hub.connectors if self._hub.settings.limits.backfill_every else {}
        await self._end([name for name, asker in self._askers.items() if wanted.get(name) is not asker.connector])
        self.start()

    def problem(self, connector_id: str) -> str | None:
        """Why the last backfill of a connector failed; None where it did not, or is none."""
        asker = self._askers.get(connector_id)
        return asker.problem if asker else None

    async def _end(self, names: list[str]) -> None:
        await asyncio.gather(*(self._askers.pop(name).stop() for name in names))


class _Asker:
    """One connector's loop."""

    def __init__(self, hub: "Hub", connector: LiveConnector, plugin: Backfills) -> None:
        self._hub = hub
        self.connector = connector
        self._plugin = plugin
        self.problem: str | None = None
        self._failures = 0
        part = f"backfilling {connector.id}"
        self._task = asyncio.create_task(rounds_of_one(hub, part, self._round), name=part)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _round(self) -> None:
        try:
            more = await self._ask()
        except (KitError, TimeoutError, *TROUBLE) as error:
            await asyncio.sleep(self._noted(error))
            return
        except Exception as error:
            self.problem = f"plugin fault: {type(error).__name__}"
            raise
        if self.problem is not None:
            log.info("backfilling works again", connector=self.connector.id)
        self.problem, self._failures = None, 0
        if not more:
            await asyncio.sleep(self._every)

    async def _ask(self) -> bool:
        """Whether there is more to be had at once."""
        cursor = await asyncio.to_thread(self._cursor)
        async with asyncio.timeout(LONGEST):
            found = await self._plugin.backfill(cursor)
        if isinstance(found, Collected):
            self._tell(await self._collected(found))
        elif found.inbound or found.cursor != cursor:
            arrival = polled_arrival(self.connector.place, found, now())
            self._tell(await self._hub.writer.write(record_polled, arrival))
        # Without a step forward the same would be asked for without end.
        return (isinstance(found, Collected) or found.more) and found.cursor != cursor

    async def _collected(self, found: Collected) -> "Recorded":
        from gateway.collecting import collect  # it reads like a door, and doors know the hub

        async with asyncio.timeout(LONGEST):
            arrival = await collect(self._hub, self.connector, found, now())
        return await self._hub.writer.write(record, arrival)

    def _tell(self, recorded: "Recorded") -> None:
        if recorded.outcome is not Outcome.DUPLICATE:  # what came by webhook is seen again here, as it should
            RECEIVED.labels(self.connector.id, recorded.outcome).inc()
        if recorded.inbound:
            log.info("backfilled", connector=self.connector.id, items=len(recorded.inbound))
        self._hub.confirm(self.connector, recorded.inbound)

    def _cursor(self) -> str | None:
        with self._hub.engine.connect() as connection:
            return connection.execute(_CURSOR, {"connector": self.connector.id}).scalar()

    def _noted(self, error: Exception) -> float:
        """Says what went wrong, once; the seconds until the next try."""
        self._failures += 1
        remedy: str | None = None
        pause = backoff(self._failures, FIRST_PAUSE, self._every)
        match error:
            case Misconfigured():
                remedy = f"correct the connector's settings, then run: onethread connectors check {self.connector.id}"
                pause = self._every
            case Temporary(retry_after=float() | int() as told):
                pause = min(max(told, FIRST_PAUSE), LONGEST)
        problem = f"{type(error).__name__}: {error}"
        if problem != self.problem:
            log.warning("backfilling failed", connector=self.connector.id, reason=problem, remedy=remedy)
        self.problem = problem
        return pause

    @property
    def _every(self) -> float:
        return max(self._hub.settings.limits.backfill_every, FIRST_PAUSE)
