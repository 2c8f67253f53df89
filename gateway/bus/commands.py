"""Commands that come in on the bus: what subscriptions ask of the hub, one queue each.

The queue is the principal: whoever may write to `onethread.cmd.<name>` is the subscription of that name, with the
scopes its settings give. Every command is answered by an event, `command.accepted` or `command.rejected`, that the feed
takes to its subscription; only typing that was shown is not. While the store is busy, commands wait in their order.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import structlog

from connectors.kit.errors import KitError
from gateway.bus.asked import Asked, read
from gateway.bus.contract import Bus, Incoming
from gateway.bus.names import commands_of
from gateway.send.asks import Refusal, Rejected
from gateway.send.commanded import Commanded, Wanted, carry_out
from gateway.store.times import now
from gateway.waiting import TROUBLE, rounds
from normalizer.commands import SetTyping
from normalizer.errors import ErrorCode

if TYPE_CHECKING:
    from gateway.hub import Hub

log = structlog.get_logger()
PREFETCH = 64
"""Commands of one queue in one transaction at most."""
TYPING_SECONDS = 20.0
MOST_TYPING = 100
"""Under way, of one queue."""
FAILED = Rejected(500, "internal", "something failed; the operator finds it in the log by the command's id")
GRACE = 2.0
"""Seconds that typing under way has when the hub stops."""


class Commanding:
    """On the event loop only."""

    def __init__(self, hub: "Hub", bus: Bus) -> None:
        self._hub = hub
        self._bus = bus
        self._names: Mapping[str, frozenset[str]] = {}
        self._queues: dict[str, _Queue] = {}
        self._started = False

    def start(self) -> None:
        """The bus was started before, the writer too."""
        self._started = True
        for name, scopes in self._names.items():
            if name not in self._queues:
                self._queues[name] = _Queue(self._hub, self._bus, name, scopes)

    async def stop(self) -> None:
        """Before the writer and the bus. What was taken is carried out and answered."""
        self._started = False
        await self._end(list(self._queues))

    async def renew(self, names: Mapping[str, frozenset[str]]) -> None:
        """Takes commands of these subscriptions, each with its scopes, and of no others."""
        self._names = dict(names)
        await self._end([name for name, queue in self._queues.items() if names.get(name) != queue.scopes])
        if self._started:
            self.start()

    async def _end(self, names: list[str]) -> None:
        await asyncio.gather(*(self._queues.pop(name).stop() for name in names))


class _Queue:
    """The commands of one subscription."""

    def __init__(self, hub: "Hub", bus: Bus, name: str, scopes: frozenset[str]) -> None:
        self.scopes = scopes
        self._hub = hub
        self._name = name
        self._waiting: deque[tuple[Commanded, asyncio.Future[None]]] = deque()
        self._some = asyncio.Event()
        self._most = PREFETCH
        self._typing: set[asyncio.Task[None]] = set()
        self._task = asyncio.create_task(rounds(f"commands of {name}", self._round), name=f"commands of {name}")
        self._consuming = bus.consume(commands_of(name), self._take, prefetch=PREFETCH, inlet=True)

    async def stop(self) -> None:
        await self._consuming.stop()
        if self._typing:
            _, late = await asyncio.wait(self._typing, timeout=GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _take(self, incoming: Incoming) -> None:
        """Returns once the command is answered, durably."""
        asked = read(incoming, self.scopes, now())
        if isinstance(asked.wanted, SetTyping):
            self._begin_typing(asked, asked.wanted)
        else:
            await self._answer(asked, asked.wanted, redelivered=incoming.redelivered)

    async def _answer(self, asked: Asked, wanted: Wanted, *, redelivered: bool = False) -> None:
        one = Commanded(
            subscription=self._name,
            id=asked.id,
            type=asked.type,
            wanted=wanted,
            said=asked.said,
            connectors=self._hub.connectors,
            redelivered=redelivered,
            trace=asked.trace,
        )
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((one, done))
        self._some.set()
        await done

    async def _round(self) -> None:
        """Carries out what waits, in its order and in one transaction; what the store has no time for waits on."""
        await self._some.wait()
        if not self._waiting:
            self._some.clear()
            return
        bulk = list(islice(self._waiting, self._most))
        try:
            await self._hub.writer.write(carry_out, [one for one, _ in bulk])
        except TROUBLE:
            raise
        except Exception as error:  # noqa: BLE001 - the command at fault is answered so, and logged
            self._set_apart(bulk, error)
            return
        self._most = PREFETCH
        for _ in bulk:
            self._settle(None)

    def _set_apart(self, bulk: list[tuple[Commanded, asyncio.Future[None]]], error: Exception) -> None:
        """One of them is at fault: alone, it is answered so, and the others are carried out."""
        self._most = 1
        if len(bulk) > 1:
            log.warning("commands failed; they run alone", subscription=self._name, size=len(bulk), error=repr(error))
            return
        [(one, done)] = bulk
        log.error("a command failed", subscription=self._name, command=one.id, exc_info=error)
        if one.wanted is FAILED:  # not even that can be written: the bus hands it out again after a pause
            self._settle(error)
        else:
            self._waiting[0] = replace(one, wanted=FAILED), done

    def _settle(self, error: Exception | None) -> None:
        _, done = self._waiting.popleft()
        if done.done():  # the queue is being left; the command comes again
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def _begin_typing(self, asked: Asked, wanted: SetTyping) -> None:
        """At once and beside the others, or not at all: a slow provider keeps no message waiting."""
        shows = self._show_typing(wanted) if len(self._typing) < MOST_TYPING else _too_many()
        task = asyncio.create_task(self._tell_refusal(asked, shows), name=f"typing for {self._name}")
        self._typing.add(task)
        task.add_done_callback(self._typing.discard)

    async def _tell_refusal(self, asked: Asked, shows: Awaitable[Rejected | None]) -> None:
        try:
            if rejected := await shows:
                await self._answer(asked, rejected)
        except Exception:
            log.exception("typing was not shown", subscription=self._name, command=asked.id)

    async def _show_typing(self, wanted: SetTyping) -> Rejected | None:
        try:
            async with asyncio.timeout(TYPING_SECONDS):
                await self._hub.show_typing(wanted)
        except Refusal as refusal:
            return refusal.rejected
        except KitError as error:
            return Rejected(502, error.code, f"the provider did not show it: {error.detail}")
        except TimeoutError:
            return Rejected(504, ErrorCode.TIMED_OUT, "the provider did not answer in time")
        return None


async def _too_many() -> Rejected:
    return Rejected(503, "overloaded", f"{MOST_TYPING} of these are under way")
