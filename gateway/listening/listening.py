"""The hub's listeners, on an event loop and a thread of their own: nobody's session holds up webhooks or the feed.

Each is opened as soon as it can be; one that cannot is tried again, and makes the hub not ready. Without listeners
there is no thread, and nothing is imported.
"""

import asyncio
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from gateway.listening.pace import Pace
from gateway.settings.listening import Listener

if TYPE_CHECKING:
    from gateway.hub import Hub
    from gateway.listening.listener import Open

log = structlog.get_logger()
PACE = Pace()
T = TypeVar("T")


class Listening:
    """`start`, `renew` and `stop` are for the hub's loop."""

    def __init__(self, hub: "Hub", pace: Pace = PACE) -> None:
        self._hub = hub
        self._pace = pace
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._running: dict[str, _Running] = {}
        self._stopping: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Opens the listeners; those that cannot be opened are tried again."""
        await self.renew()

    async def renew(self) -> None:
        """Opens and shuts listeners by a new configuration; those that did not change keep their sessions."""
        wanted = self._hub.settings.listeners
        if wanted and self._loop is None:
            self._begin()
        if self._loop is not None:
            await self._there(self._follow(dict(wanted)))

    async def stop(self) -> None:
        """Lets messages that are coming in come to their end, and takes no more."""
        if self._loop is None or self._thread is None:
            return
        await self._there(self._follow({}, wait=True))
        await self._there(_end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)
        self._loop.close()
        self._loop = self._thread = None

    def problems(self) -> Mapping[str, str]:
        """Why listeners are not open, by name. From any thread."""
        return {name: running.problem for name, running in list(self._running.items()) if running.problem}

    def port(self, name: str) -> int | None:
        """Where a listener listens, once it does. From any thread."""
        running = self._running.get(name)
        return running.open.port if running and running.open else None

    def _begin(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="listening", daemon=True)
        self._thread.start()

    async def _there(self, work: Coroutine[Any, Any, T]) -> T:
        """Does it on the listeners' loop."""
        assert self._loop
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return await asyncio.wrap_future(future)

    async def _follow(self, wanted: dict[str, Listener], *, wait: bool = False) -> None:
        """On the listeners' loop."""
        gone = [one for name, one in self._running.items() if wanted.get(name) != one.listener]
        for one in gone:
            del self._running[one.listener.name]
        self._stopping = [one for one in self._stopping if not one.done()]
        self._stopping += [asyncio.create_task(one.stop()) for one in gone]
        await asyncio.sleep(0)  # each has shut its socket now, and another may take the address
        for name, listener in wanted.items():
            if name not in self._running:
                self._running[name] = _Running(self._hub, listener, self._pace)
                await self._running[name].start()
        if wait:
            await asyncio.gather(*self._stopping)


async def _end() -> None:
    """Nothing is left on the loop."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    loop = asyncio.get_running_loop()
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()


class _Running:
    """One listener, open or still to be opened."""

    def __init__(self, hub: "Hub", listener: Listener, pace: Pace) -> None:
        self.listener = listener
        self.problem: str | None = None
        self.open: Open | None = None
        self._hub = hub
        self._pace = pace
        self._retrying: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if not await self._try():
            self._retrying = asyncio.create_task(self._retry(), name=f"open {self.listener.name}")

    async def stop(self) -> None:
        if self._retrying is not None:
            self._retrying.cancel()
        if self.open is not None:
            await self.open.stop()

    async def _retry(self) -> None:
        while True:
            await asyncio.sleep(self._pace.again)
            if await self._try():
                return

    async def _try(self) -> bool:
        from gateway.listening.listener import NotOpen, Open  # brings the library along

        try:
            opened = Open(self._hub, self.listener, self._pace)
            await opened.start()
        except NotOpen as error:
            if self.problem != str(error):
                log.error("not listening for mail", listener=self.listener.name, reason=str(error))
            self.problem = str(error)
            return False
        self.open, self.problem = opened, None
        return True
