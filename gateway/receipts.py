"""Tells providers what an agent has read, after the commit and by the process that wrote it.

A courtesy: never repeated, dropped where too many are under way, and no more than a line in the log where it fails.
"""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Engine

from connectors.kit.errors import KitError
from connectors.kit.reads import Reads
from gateway.record.people import SELECT_WAY, Way, way_of
from gateway.send.came import came
from gateway.store.histories import both
from gateway.store.transaction import Seen
from normalizer.inbound import Address

if TYPE_CHECKING:
    from gateway.hub import Hub

log = structlog.get_logger()
MOST = 1000
"""How many may be under way."""
SECONDS = 20.0
GRACE = 2.0
"""Seconds the last ones have when the hub stops."""
NEWEST = 50
"""Messages of what was read among which the last of each route is looked for."""
_READ = both(
    "SELECT h.sequence, e.body FROM {history} h CROSS JOIN events e ON e.position = h.position"
    " WHERE h.conversation = ?1 AND h.sequence > ?2 AND h.sequence <= ?3 AND e.type = 'message.received'"
)


class Receipts:
    """On the event loop only."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    def tell(self, seen: Iterable[Seen]) -> None:
        """Begins to tell of each, and returns at once."""
        for one in seen:
            if self._stopped or len(self._tasks) >= MOST:
                log.warning("not told as read: stopping, or too many are under way", conversation=one.conversation)
                continue
            task = asyncio.create_task(self._tell(one))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Waits briefly for what is under way."""
        self._stopped = True
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=GRACE)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _tell(self, seen: Seen) -> None:
        try:
            for way, name in await asyncio.to_thread(_last_of_each, self._hub.engine, seen):
                await self._tell_way(way, name)
        except Exception:
            log.exception("not told as read", conversation=seen.conversation)

    async def _tell_way(self, way: Way, name: str) -> None:
        connector = self._hub.connectors.get(way.connector_id)
        plugin: object = connector.plugin if connector else None
        if connector is None or not isinstance(plugin, Reads) or not plugin.tells_read():
            return
        if not connector.plugin.info.on(way.visibility).reads:
            return
        try:
            async with asyncio.timeout(SECONDS):
                await plugin.read(Address(scheme=connector.place.scheme, value=way.address), name)
        except KitError as error:
            log.warning("not told as read", connector=connector.id, error=type(error).__name__, detail=error.detail)
        except TimeoutError:
            log.warning("not told as read", connector=connector.id, error="TimeoutError", detail="no end in time")


def _last_of_each(engine: Engine, seen: Seen) -> list[tuple[Way, str]]:
    """Each route something of it came by, with what the provider calls the last."""
    last: dict[str, str] = {}
    asked = (seen.conversation, seen.after, seen.up_to)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"{_READ} ORDER BY 1 DESC LIMIT {NEWEST}", asked).all()
        for one in (came(body) for _, body in rows):
            if one.route_id and one.external_ids:
                last.setdefault(one.route_id, one.external_ids[0])
        sql = f"{SELECT_WAY} WHERE r.id = ?1"
        ways = [connection.exec_driver_sql(sql, (route,)).first() for route in last]
    found = [way_of(tuple(row)) for row in ways if row is not None]
    return [(way, last[way.id]) for way in found]
