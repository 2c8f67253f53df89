"""The word back to a provider after the commit, such as ending a button's spinner. A courtesy: never repeated, dropped
where too many are under way, and no more than a line in the log where it fails."""

import asyncio
from collections.abc import Sequence

import structlog

from connectors.kit.base import Confirms
from connectors.kit.errors import KitError
from gateway.live import LiveConnector
from normalizer.inbound import Inbound

log = structlog.get_logger()
MOST = 1000
"""How many may be under way."""
SECONDS = 30.0
GRACE = 2.0
"""Seconds the last ones have when the hub stops."""


class Confirming:
    """On the event loop only."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    def confirm(self, connector: LiveConnector, inbound: Sequence[Inbound]) -> None:
        """Begins to confirm each item, and returns at once."""
        plugin = connector.confirming
        if self._stopped or plugin is None:
            return
        room = MOST - len(self._tasks)
        if room < len(inbound):
            log.warning("not confirmed: too many are under way", connector=connector.id, items=len(inbound) - room)
        for item in inbound[:room]:
            task = asyncio.create_task(_confirm(connector.id, plugin, item))
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


async def _confirm(connector_id: str, plugin: Confirms, item: Inbound) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            await plugin.confirm(item)
    except KitError as error:
        log.warning(
            "not confirmed", connector=connector_id, key=item.key, error=type(error).__name__, detail=error.detail
        )
    except TimeoutError:
        log.warning(
            "not confirmed", connector=connector_id, key=item.key, error="TimeoutError", detail="no end in time"
        )
    except Exception:
        log.exception("a plugin failed to confirm", connector=connector_id, key=item.key)
