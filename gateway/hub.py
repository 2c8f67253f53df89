"""The hub of one process: what it is made of, how it starts, stops and takes a new configuration.

Of its parts it runs those of its roles. Everything else it has too, and does not start: what asks a part that does not
run hears that it knows nothing.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol, runtime_checkable

import msgspec
import structlog
from sqlalchemy import Engine

from gateway.backfill import Backfilling
from gateway.board import Board, woken_by
from gateway.bus.contract import open_bus
from gateway.clock import Clock
from gateway.confirming import Confirming
from gateway.exchanges import Exchanges
from gateway.feed import REREAD, Feed
from gateway.files import Files
from gateway.ids import new_id
from gateway.keeping import Keeping
from gateway.lanes import Lanes
from gateway.learning import Learning
from gateway.links import Links
from gateway.listening.apart import Apart
from gateway.listening.listening import Listening
from gateway.live import LiveConnector, bring_up
from gateway.media import MediaFetching
from gateway.metrics import ROLE
from gateway.polling import Polling
from gateway.raws import Raws
from gateway.receipts import Receipts
from gateway.relay.relays import Relays
from gateway.roles import ALL, Role, named, shares
from gateway.send.typing import show_typing
from gateway.settings.model import Connector, Settings
from gateway.store.engine import hearing_of, open_store
from gateway.store.transaction import Transaction
from gateway.store.writer import Closed, Overloaded, Writer
from normalizer.commands import SetTyping
from normalizer.inbound import Inbound
from normalizer.model import Inbox

log = structlog.get_logger()
LATE = 2.0
"""Seconds beyond `limits.drain` after which a part that stops is left to itself."""


class Part(Protocol):
    """What runs in the background, on the event loop."""

    def start(self) -> Awaitable[None] | None: ...

    async def stop(self) -> None:
        """Finishes what is under way, in time, and hands back leases. The writer still writes."""


@runtime_checkable
class Follows(Protocol):
    async def renew(self) -> None:
        """By the hub's new configuration."""


class Hub:
    """Everything one process runs. Open with `await start()`, end with `await stop()`."""

    def __init__(self, settings: Settings, roles: frozenset[Role] = ALL) -> None:
        self.settings = settings
        self.roles = roles
        self.name = new_id()
        """By which leases are its own."""
        self.among_others = roles != ALL or shares(settings)
        """Whether other processes may serve the store: what it leases it then keeps."""
        self.engine: Engine = open_store(settings.store_url)
        self.files = Files(settings.files)
        self.raws = Raws(self.engine, self.files)
        self.apart = Apart()
        self.links = Links(self.engine, settings.public_url)
        self.feed = Feed(self.engine)
        self.board = Board(self._tell_all if self.among_others else None)
        self.writer = Writer(self.engine, self._committed, settings.limits.queue, settings.limits.queue_wait)
        self.others = hearing_of(self.engine, self._heard)
        self.exchanges = Exchanges(self.writer)
        self.keeping = Keeping(self.engine, self.writer)
        self.connectors: Mapping[str, LiveConnector] = self._bring_up(settings, {})
        self.lanes = Lanes(self)
        self.media = MediaFetching(self)
        self.polling = Polling(self)
        self.backfilling = Backfilling(self)
        self.clock = Clock(self)
        self.confirming = Confirming()
        self.receipts = Receipts(self)
        self.learning = Learning()
        self.bus = open_bus(settings.bus_url.reveal())
        self.relays = Relays(self, self.bus)
        self.listening = Listening(self)
        self.draining = False
        """Told to end: what is asked for is still answered, but nothing is begun by itself any more."""
        self._handing_back: asyncio.Task[None] | None = None
        self._shutting: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def _parts(self) -> list[Part]:
        """What runs in the background of a process with these roles."""
        parts: Sequence[tuple[Role, Part]] = (
            (Role.CLOCK, self.clock),
            (Role.CLOCK, self.media),
            (Role.DELIVER, self.lanes),
            (Role.CLOCK, self.polling),
            (Role.DELIVER, self.polling),
            (Role.CLOCK, self.backfilling),
            (Role.RELAY, self.relays),
        )
        return list(dict.fromkeys(part for role, part in parts if role in self.roles))

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.feed.start()
        self.writer.start()
        self.others.start()
        self.exchanges.start()
        await self.keeping.reseal(self.settings.seal)
        await self.relays.place()  # in every process: no subscription misses what comes before its relay does
        for part in self._parts():
            if (starting := part.start()) is not None:
                await starting
        if Role.RECEIVE in self.roles:
            await self.listening.start()
        for role in Role:
            ROLE.labels(role).set(role in self.roles)
        log.info("started", connectors=sorted(self.connectors), roles=named(self.roles))

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Where the hub runs, once it was started."""
        assert self._loop is not None
        return self._loop

    def drain(self) -> "asyncio.Task[None]":
        """Begins to hand back what is leased, so that others have it at once; done when that is."""
        if self._handing_back is None:
            self.draining = True
            self._handing_back = asyncio.create_task(self._hand_back(), name="drain")
        return self._handing_back

    async def _hand_back(self) -> None:
        """All parts at once: none waits for another's provider. A broker that hangs is not waited for without end."""
        stopping = [asyncio.create_task(part.stop(), name=type(part).__name__) for part in self._parts()]
        if stopping:
            _, late = await asyncio.wait(stopping, timeout=self.settings.limits.drain + LATE)
            for task in late:
                log.error("a part did not stop in time", part=task.get_name())
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for task in stopping:
            if not task.cancelled() and (error := task.exception()):
                log.error("a part did not stop well", part=task.get_name(), exc_info=error)

    def shut(self) -> "asyncio.Task[None]":
        """Begins to take no more mail; done when messages that are coming in have come to their end."""
        if self._shutting is None:
            self._shutting = asyncio.create_task(self._stop_listening(), name="shut")
        return self._shutting

    async def stop(self) -> None:
        """Stops taking work, hands back leases, writes what was taken."""
        await asyncio.gather(self.drain(), self.shut(), self.confirming.stop(), self.receipts.stop())
        self.feed.stop()
        await asyncio.gather(*(connector.settle() for connector in self.connectors.values()))
        self.exchanges.flush()
        await asyncio.to_thread(self.others.stop)
        await asyncio.to_thread(self.writer.stop)
        for connector in self.connectors.values():
            await connector.close()
        self.engine.dispose()
        log.info("stopped")

    async def _stop_listening(self) -> None:
        await self.listening.stop()
        await asyncio.to_thread(self.apart.close)

    async def apply(self, settings: Settings) -> None:
        """Runs by a new configuration; connectors that did not change keep running."""
        before = self.connectors
        self.connectors = self._bring_up(settings, before)
        self.settings = settings
        self.links = self.links.moved(settings.public_url)
        await self.relays.place()
        for part in self._parts():
            if isinstance(part, Follows):
                await part.renew()
        if Role.RECEIVE in self.roles:
            await self.listening.renew()
        for name, old in before.items():
            if self.connectors.get(name) is not old:
                await old.close()
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
            connectors[name] = old if old and unchanged else self._brought_up(settings, wanted)
        return connectors

    def _brought_up(self, settings: Settings, wanted: Connector) -> LiveConnector:
        kept = self.keeping.of(wanted.name, settings.seal)
        return bring_up(settings, wanted, self.exchanges.keep, self.raws.find, self.board.show, kept)

    def _committed(self, transaction: Transaction) -> None:
        """On the writer's thread, after each commit: tells who waits for what was written."""
        if transaction.last_position:
            self.feed.committed(transaction.last_position, transaction.written)
        if transaction.seen and self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.receipts.tell, transaction.seen)
        self._rouse(frozenset(transaction.woken))

    def _heard(self, position: int, woken: frozenset[tuple[str, str]]) -> None:
        """On a thread of the store's: another process committed."""
        self.feed.committed(position)
        self._rouse(woken)

    def _rouse(self, woken: frozenset[tuple[str, str]]) -> None:
        if REREAD in woken:  # at once: who is told that something was taken away must not find it any more
            self.feed.reread()
            woken -= {REREAD}
        if woken and self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake, woken)

    def _tell_all(self, whom: str) -> None:
        """Of typing, which nobody stores: a commit that writes nothing wakes whoever shares the store, us too."""
        with suppress(Overloaded, Closed):  # it gives way to messages
            self.writer.submit(woken_by, ("typing", whom))

    def _wake(self, woken: frozenset[tuple[str, str]]) -> None:
        parts = {
            "lane": self.lanes.wake,
            "media": self.media.wake,
            "timers": self.clock.wake,
            "subscription": self.relays.wake,
            "typing": self.board.told,
        }
        for what, whom in woken:
            parts[what](whom)


def _as_placed(inbox: Inbox) -> Inbox:
    """Without what is read where it is shown: another notice restarts no connector."""
    return msgspec.structs.replace(inbox, notice=None)
