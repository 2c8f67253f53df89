"""Keys that plugins lack to verify a request, fetched on behalf of whoever sent it: few, slowly, and each once.

Anybody may send a request that names a key, so a connector fetches one key at a time and few within a minute; all that
wait for the same one wait for one answer. Who cannot be judged for now is asked to come again.
"""

import asyncio
from collections import deque
from time import monotonic

import structlog

from connectors.kit.errors import BadSignature, KitError, Temporary
from connectors.kit.keys import Keys
from gateway.live import LiveConnector
from gateway.store.writer import Overloaded

log = structlog.get_logger()
SECONDS = 10.0
"""For one key."""
MOST = 6
"""Keys a connector asks for …"""
WITHIN = 60.0
"""… in so many seconds."""


class Learning:
    """On the event loop only."""

    def __init__(self, most: int = MOST, within: float = WITHIN) -> None:
        self._most = most
        self._within = within
        self._under_way: dict[str, tuple[str, asyncio.Task[None]]] = {}
        self._begun: dict[str, deque[float]] = {}

    async def learn(self, connector: LiveConnector, name: str) -> None:
        """Returns once the plugin has the key. Raises BadSignature where there is none, Overloaded where nobody can
        tell for now."""
        plugin: object = connector.plugin
        if not isinstance(plugin, Keys):
            raise BadSignature("a key that nobody can learn")
        asked, task = self._under_way.get(connector.id, ("", None))
        if task is None:
            self._admit(connector.id)
            task = asyncio.create_task(_learnt(connector.id, plugin, name))
            asked = name
            self._under_way[connector.id] = (name, task)
            task.add_done_callback(lambda done: self._done(connector.id, done))
        elif asked != name:
            raise Overloaded("another key is being fetched")
        # Whoever goes away must not take the key from the others.
        await asyncio.shield(task)

    def _done(self, connector_id: str, task: asyncio.Task[None]) -> None:
        self._under_way.pop(connector_id, None)
        if not task.cancelled():
            task.exception()  # whoever asked may be gone

    def _admit(self, connector_id: str) -> None:
        """Raises Overloaded."""
        begun, now = self._begun.setdefault(connector_id, deque()), monotonic()
        while begun and now - begun[0] > self._within:
            begun.popleft()
        if len(begun) >= self._most:
            raise Overloaded("too many unknown keys")
        begun.append(now)


async def _learnt(connector_id: str, plugin: Keys, name: str) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            plugin.keep_key(name, await plugin.fetch_key(name))
    except (Temporary, TimeoutError) as error:
        raise Overloaded(f"the key {name} could not be fetched: {type(error).__name__}") from error
    except KitError as error:
        raise BadSignature(f"no key {name}: {error.detail}") from error
    log.info("learnt a key", connector=connector_id, key=name)
