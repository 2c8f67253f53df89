"""Following the configuration file while the hub runs."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import structlog

from gateway.settings.loading import Plugins, load
from gateway.settings.model import Settings
from gateway.settings.problems import SettingsError

Changed = Callable[[Settings, Settings], Awaitable[None]]
Stamp = tuple[int, int, int]

log = structlog.get_logger(__name__)


class Reloader:
    """Loads the file again when it changes or on SIGHUP, and hands over (old, new) where that differs.

    A broken file is reported and the old settings stay; so they do where `changed` fails. The file is looked at every
    second rather than watched: editors and mounted secrets replace it by renaming, which a watch on the file itself
    misses, and network file systems tell of nothing; one `stat` a second costs nothing. Files that the configuration
    refers to are not looked at: SIGHUP reads them anew.
    """

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        changed: Changed,
        *,
        plugins: Plugins | None = None,
        every: float = 1.0,
    ) -> None:
        self.settings = settings
        self._environ = environ
        self._changed = changed
        self._plugins = plugins
        self._every = every
        self._seen = _stamp(settings.path)
        self._asked = asyncio.Event()
        self._stopped = False

    def ask(self) -> None:
        """Loads again, whether or not the file looks changed. Call it on the event loop."""
        self._asked.set()

    def stop(self) -> None:
        """Ends `run` after what it is doing. Call it on the event loop."""
        self._stopped = True
        self._asked.set()

    async def run(self) -> None:
        """Follows the file until `stop`. Takes SIGHUP, so it runs in the main thread."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self.ask)
        try:
            while not self._stopped:
                if await self._due():
                    await self._attempt()
        finally:
            loop.remove_signal_handler(signal.SIGHUP)

    async def _due(self) -> bool:
        try:
            async with asyncio.timeout(self._every):
                await self._asked.wait()
        except TimeoutError:
            return _stamp(self.settings.path) != self._seen
        self._asked.clear()
        return not self._stopped

    async def _attempt(self) -> None:
        """The outer edge: whatever a plugin raises, the next change is followed too."""
        try:
            await self._reload()
        except Exception:
            log.exception("configuration_not_applied", file=str(self.settings.path))

    async def _reload(self) -> None:
        self._seen = _stamp(self.settings.path)  # before reading: a change meanwhile is a change after
        old = self.settings
        if self._seen is not None and self._seen[1] == 0:
            # an editor that empties the file before it writes must not take every connector down for a moment
            log.error("configuration_refused", problems=[f"{old.path}: the file is empty"])
            return
        try:
            new = await asyncio.to_thread(load, old.path, self._environ, self._plugins)
        except SettingsError as error:
            log.error("configuration_refused", problems=[str(problem) for problem in error.problems])
            return
        if new == old:
            log.info("configuration_unchanged", file=str(old.path))
            return
        await self._changed(old, new)
        self.settings = new


def _stamp(path: Path) -> Stamp | None:
    """What changes when the file does; None where it is gone."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
