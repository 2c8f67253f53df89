"""The hub of one process: what it is made of, how it starts, stops and takes a new configuration."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
import structlog
from sqlalchemy import Engine

from gateway.backfill import Backfilling
from gateway.board import Board
from gateway.bus.contract import open_bus
from gateway.clock import Clock
from gateway.confirming import Confirming
from gateway.exchanges import Exchanges
from gateway.feed import Feed
from gateway.files import Files
from gateway.lanes import Lanes
from gateway.links import Links
from gateway.listening.apart import Apart
from gateway.listening.listening import Listening
from gateway.live import LiveConnector, bring_up
from gateway.media import MediaFetching
from gateway.polling import Polling
from gateway.raws import Raws
from gateway.relay.relays import Relays
from gateway.send.typing import show_typing
from gateway.settings.model import Settings
from gateway.store.engine import open_store
from gateway.store.transaction import Transaction
from gateway.store.writer import Writer
from normalizer.commands import SetTyping
from normalizer.inbound import Inbound
from normalizer.model import Inbox

log = structlog.get_logger()


class Hub:
    """Everything one process runs. Open with `await start()`, end with `await stop()`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine: Engine = open_store(settings.store)
        self.files = Files(settings.files)
        self.raws = Raws(self.engine, self.files)
        self.apart = Apart()
        self.links = Links(self.engine, settings.public_url)
        self.feed = Feed(self.engine)
        self.board = Board()
        self.writer = Writer(self.engine, self._committed, settings.limits.queue, settings.limits.queue_wait)
        self.exchanges = Exchanges(self.writer)
        self.connectors: Mapping[str, LiveConnector] = self._bring_up(settings, {})
        self.lanes = Lanes(self)
        self.media = MediaFetching(self)
        self.polling = Polling(self)
        self.backfilling = Backfilling(self)
        self.clock = Clock(self)
        self.confirming = Confirming()
        self.bus = open_bus(settings.bus_url.reveal())
        self.relays = Relays(self, self.bus)
        self.listening = Listening(self)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.feed.start()
        self.writer.start()
        self.exchanges.start()
        for part in (self.clock, self.media, self.lanes, self.polling, self.backfilling):
            part.start()
        await self.relays.start()
        await self.listening.start()
        log.info("started", connectors=sorted(self.connectors))

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Where the hub runs, once it was started."""
        assert self._loop is not None
        return self._loop

    async def stop(self) -> None:
        """Stops taking work, hands back leases, writes what was taken."""
        await self.listening.stop()
        await asyncio.to_thread(self.apart.close)
        for part in (self.polling, self.backfilling, self.confirming, self.lanes, self.media, self.clock):
            await part.stop()
        await self.relays.stop()
        self.feed.stop()
        self.exchanges.flush()
        await asyncio.to_thread(self.writer.stop)
        for connector in self.connectors.values():
            await connector.http.close()
        self.engine.dispose()
        log.info("stopped")

    async def apply(self, settings: Settings) -> None:
        """Runs by a new configuration; connectors that did not change keep running."""
        before = self.connectors
        self.connectors = self._bring_up(settings, before)
        self.settings = settings
        self.links = self.links.moved(settings.public_url)
        for part in (self.lanes, self.polling, self.backfilling, self.relays, self.listening):
            await part.renew()
        for name, old in before.items():
            if self.connectors.get(name) is not old:
                await old.http.close()
        log.info("configuration applied", connectors=sorted(self.connectors))

    def confirm(self, connector: LiveConnector, inbound: Sequence[Inbound]) -> None:
        """Lets the plugin say a word back to the provider about what was just recorded. From any thread."""
        plugin = connector.confirming
        if plugin is None or self._loop is None or self._loop.is_closed():
            return
        if awaited := [item for item in inbound if plugin.awaits(item)]:
            self._loop.call_soon_threadsafe(self.confirming.confirm, connector, awaited)

    async def show_typing(self, asked: SetTyping) -> None:
        """Raises Refusal, and the kit's sending errors."""
        await show_typing(self.engine, self.connectors, asked)

    def _bring_up(self, settings: Settings, running: Mapping[str, LiveConnector]) -> dict[str, LiveConnector]:
        connectors = {}
        for name, wanted in settings.connectors.items():
            old = running.get(name)
            unchanged = (
                old is not None
                and old.settings == wanted
                and _as_placed(old.place.inbox) == _as_placed(settings.inboxes[wanted.inbox])
                and old.webhook_url == settings.webhook_url(name)
            )
            connectors[name] = (
                old
                if old and unchanged
                else bring_up(settings, wanted, self.exchanges.keep, self.raws.find, self.board.show)
            )
        return connectors

    def _committed(self, transaction: Transaction) -> None:
        """On the writer's thread, after each commit: tells who waits for what was written."""
        if transaction.last_position:
            self.feed.committed(transaction.last_position, transaction.written)
        if transaction.woken and self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake, frozenset(transaction.woken))

    def _wake(self, woken: frozenset[tuple[str, str]]) -> None:
        parts = {
            "lane": self.lanes.wake,
            "media": self.media.wake,
            "timers": self.clock.wake,
            "subscription": self.relays.wake,
            "feed": self.feed.reread,
        }
        for what, whom in woken:
            parts[what](whom)


def _as_placed(inbox: Inbox) -> Inbox:
    """Without what is read where it is shown: another notice restarts no connector."""
    return msgspec.structs.replace(inbox, notice=None)
