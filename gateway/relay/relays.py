"""All subscriptions of this process: each with its relay, and whoever tells them of news."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from gateway import logs
from gateway.bus.commands import Commanding
from gateway.bus.contract import Bus
from gateway.metrics import (
    SUBSCRIPTION_ACTIVE,
    SUBSCRIPTION_HELD,
    SUBSCRIPTION_LAG,
    SUBSCRIPTION_LAG_SECONDS,
    SUBSCRIPTION_PARKED,
)
from gateway.relay.bringing import Bringing
from gateway.relay.catalogue import Alive, Row, Waiting, joined, of_settings, reading
from gateway.relay.changing import Placed, Resealed, change
from gateway.relay.relay import Lease, Relay
from gateway.relay.replaying import Range, Replaying, running
from gateway.relay.subscription import Origin, State, Subscription
from gateway.relay.targets import QueueTarget, Refusal, Target, TopicTarget
from gateway.relay.webhook import WebhookTarget
from gateway.store.times import now_us
from gateway.waiting import TROUBLE, Bell, rounds

if TYPE_CHECKING:
    from gateway.hub import Hub

log = structlog.get_logger()
BACKSTOP = 1.0
"""Seconds between looks at what another process changed, and between measurements."""
THREADS = 2
"""Read the feed for all relays."""
LONGEST_WAIT = 60.0
A_MOMENT = 0.001
"""Seconds for each subscription that looks at what came: together they look a thousand times a second."""
LONGEST_MOMENT = 0.02
FREE = "SELECT name FROM subscriptions WHERE state = 'active' AND owner = ''"
GAUGES = (SUBSCRIPTION_ACTIVE, SUBSCRIPTION_HELD, SUBSCRIPTION_LAG, SUBSCRIPTION_LAG_SECONDS, SUBSCRIPTION_PARKED)


class Relays:
    """On the event loop, `standing` from any thread."""

    def __init__(self, hub: "Hub", bus: Bus) -> None:
        self._hub = hub
        self._bus = bus
        self._commanding = Commanding(hub, bus)
        self._bell = Bell()
        self._relays: dict[str, Relay] = {}
        self._revisions: dict[str, int] = {}
        self._replays: dict[str, asyncio.Task[None]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="relay")
        self._renewing = asyncio.Lock()
        self._any = asyncio.Event()
        """Set while there is a relay: without one nobody need hear of news."""
        self._told = 0
        """The newest position the relays were rung for."""

    async def start(self) -> None:
        """Once each subscription has its place."""
        self._bus.start()
        self._commanding.start()
        await self._reseal()
        await self._agree()
        self._tasks = [
            asyncio.create_task(rounds("subscriptions", self._look_out), name="subscriptions"),
            asyncio.create_task(rounds("news for subscriptions", self._follow), name="news"),
        ]

    async def stop(self) -> None:
        """Before the writer. What is under way ends, and how far each is, is recorded."""
        for task in (*self._tasks, *self._replays.values()):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._replays.values(), return_exceptions=True)
        await asyncio.gather(self._commanding.stop(), *(relay.stop() for relay in self._relays.values()))
        self._relays.clear()
        await self._bus.stop()
        self._threads.shutdown()

    async def place(self) -> None:
        """Gives each subscription of the configuration its place in the feed. In every process, whatever it runs."""
        wanted = of_settings(self._hub.settings).items()
        places = [Placed(name, one.origin, oldest=one.entry.start == "oldest") for name, one in wanted]
        await asyncio.gather(*(self._hub.writer.write(change, placed) for placed in places))

    async def renew(self) -> None:
        """By a new configuration; those that did not change run on."""
        await self._agree()

    def wake(self, name: str) -> None:  # noqa: ARG002 - all are looked at together, which costs the same
        """Says that an operator changed something."""
        self._bell.ring()

    def standing(self, name: str) -> Alive | None:
        """None where it does not run here now."""
        relay = self._relays.get(name)
        alive = relay.alive if relay else None
        return alive._replace(problem=relay.target.problem or alive.problem) if relay and alive else None

    async def _follow(self) -> None:
        """Rings for every relay when there is news in the feed; of a crowd of news once for a moment's worth."""
        await self._any.wait()
        if await self._hub.feed.wait(self._told, LONGEST_WAIT):
            self._told = self._hub.feed.newest()
            for relay in self._relays.values():
                relay.wake()
            await asyncio.sleep(min(A_MOMENT * len(self._relays), LONGEST_MOMENT))

    def _follow_feed(self, follows: bool) -> None:
        if follows and not self._any.is_set():
            self._any.set()
            self._hub.feed.follow()
        elif not follows and self._any.is_set():
            self._any.clear()
            self._hub.feed.unfollow()

    async def _look_out(self) -> None:
        await self._bell.sleep(BACKSTOP)
        rows = await self._agree()
        for name in await asyncio.to_thread(self._free):
            if name in self._relays:
                self._relays[name].take()
        await self._replay(await asyncio.to_thread(running, self._hub.engine))
        await asyncio.to_thread(self._measure, rows)

    async def _reseal(self) -> None:
        """Closes under the newest key what lies open or was closed under an older one."""
        seal = self._hub.settings.seal
        for row in await asyncio.to_thread(self._rows):
            if row.secrets and seal.is_worn(row.secrets):
                anew = seal.close(seal.open(row.secrets))
                await self._hub.writer.write(change, Resealed(row.name, row.secrets, anew))

    def _rows(self) -> list[Row]:
        with reading(self._hub.engine) as found:
            return found.all()

    def _free(self) -> list[str]:
        """What another process handed back."""
        with self._hub.engine.connect() as connection:
            return [name for (name,) in connection.exec_driver_sql(FREE)]

    async def _agree(self) -> list[Row]:
        """Runs what there is and nothing else; those that changed begin anew where they are. What there is."""
        async with self._renewing:  # and read within: what came meanwhile must not look as if it were gone
            rows = await asyncio.to_thread(self._rows)
            wanted = joined(self._hub.settings, rows)
            others = [name for name, relay in self._relays.items() if wanted.get(name) != relay.subscription]
            await asyncio.gather(*(self._end(self._relays.pop(name), gone=name not in wanted) for name in others))
            for name, one in wanted.items():
                if name not in self._relays:
                    self._relays[name] = self._begin(one)
            self._follow_feed(bool(self._relays))
            for row in rows:
                if self._revisions.get(row.name) != row.revision and row.name in self._relays:
                    self._relays[row.name].look()
            self._revisions = {row.name: row.revision for row in rows}
            scopes = {name: frozenset(map(str, one.entry.commands)) for name, one in wanted.items()}
            await self._commanding.renew({name: given for name, given in scopes.items() if given})
            return rows

    def _begin(self, subscription: Subscription) -> Relay:
        hub = self._hub
        logs.redaction.learn(subscription.entry.secrets())
        relay = Relay(
            subscription,
            self._target(subscription),
            Bringing(hub.engine, hub.feed, subscription.filter, self._threads, lambda: hub.writer.waiting),
            hub.writer,
            Lease(self._hub.name, hub.settings.limits.lease, kept=hub.among_others, grace=hub.settings.limits.drain),
        )
        relay.start()
        return relay

    def _target(self, subscription: Subscription) -> Target:
        if subscription.origin is Origin.BUILT_IN:
            return TopicTarget(self._bus)
        if subscription.entry.queue:
            return QueueTarget(self._bus, subscription.name)
        return WebhookTarget(subscription.name, subscription.entry, trusted=subscription.trusted)

    async def _end(self, relay: Relay, *, gone: bool) -> None:
        replay = self._replays.pop(relay.name, None)
        if replay:
            replay.cancel()
            await asyncio.gather(replay, return_exceptions=True)
        await relay.stop()
        if gone:
            for gauge in GAUGES:
                with suppress(KeyError):
                    gauge.remove(relay.name)
        if gone and relay.subscription.origin is Origin.API:
            try:
                await relay.target.remove()
            except Refusal as refusal:
                log.warning("a queue is left behind", subscription=relay.name, reason=refusal.detail)

    async def _replay(self, asked: list[Range]) -> None:
        """One at a time for each subscription, while it runs here."""
        first = {one.subscription: one for one in reversed(asked)}
        for name, task in list(self._replays.items()):
            relay = self._relays.get(name)
            if task.done() or relay is None or relay.course is None:
                task.cancel()
                [ended] = await asyncio.gather(self._replays.pop(name), return_exceptions=True)
                if isinstance(ended, TROUBLE):
                    log.warning("a replay is put off", subscription=name, reason=str(ended))
                elif isinstance(ended, Exception):
                    log.error("a replay ended in a fault of the hub", subscription=name, exc_info=ended)
        for name, one in first.items():
            relay = self._relays.get(name)
            if name not in self._replays and relay is not None and relay.course is not None:
                hub, wanted = self._hub, relay.subscription.filter
                work = Replaying(one, wanted, relay.target, hub.feed, hub.writer, self._threads)
                self._replays[name] = asyncio.create_task(work.run(), name=f"replay for {name}")

    def _measure(self, rows: list[Row]) -> None:
        """Of those that are, not of those that were. Blocks."""
        at = now_us()
        with reading(self._hub.engine) as found:
            waiting = found.waiting()
            for row in rows:
                if row.name not in self._relays:
                    continue
                held = waiting.get(row.name, Waiting())
                alive = self.standing(row.name)
                lag = found.lag(alive.position if alive else row.position, at)
                SUBSCRIPTION_ACTIVE.labels(row.name).set(row.state is State.ACTIVE)
                SUBSCRIPTION_LAG.labels(row.name).set(lag.events)
                SUBSCRIPTION_LAG_SECONDS.labels(row.name).set(lag.seconds)
                SUBSCRIPTION_HELD.labels(row.name).set(held.events)
                SUBSCRIPTION_PARKED.labels(row.name).set(held.parked)
