"""What one process at a time does, such as asking a provider for news: by a lease that its holder renews.

No process is the leader. Whoever takes a lease first has it; who hands it back, or has not renewed it in time, loses it
to the next that asks. There is no fence: what is done under a lease here may be done twice, and only should not be.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import structlog

from gateway.store.session import beside_others
from gateway.store.times import SECOND
from gateway.store.transaction import Transaction
from gateway.store.writer import Writer
from gateway.waiting import TROUBLE, rounds

if TYPE_CHECKING:
    from gateway.hub import Hub

log = structlog.get_logger()
LOOK = 1.0
"""Seconds between looks whether another process's lease was handed back."""
RENEWALS = 3
"""Within the life of a lease: two may fail."""
_OWNER = "SELECT owner FROM leases WHERE name = ?"
_TAKE = (
    "INSERT INTO leases (name, owner, until) VALUES (?, ?, ?)"
    " ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until"
    " WHERE leases.owner IN ('', excluded.owner) OR leases.until <= ?"
)
_HAND_BACK = "UPDATE leases SET owner = '', until = 0 WHERE name = ? AND owner = ?"


@dataclass(frozen=True)
class Lease:
    name: str
    owner: str
    seconds: float
    """0 hands it back."""


@beside_others
def take(transaction: Transaction, wanted: Sequence[Lease]) -> list[bool]:
    """Whether each lease is its asker's now, for so many seconds from now."""
    found = {one: _take(transaction, one) for one in sorted(wanted, key=lambda one: one.name)}
    return [found[one] for one in wanted]


def _take(transaction: Transaction, one: Lease) -> bool:
    if not one.seconds:
        transaction.change(_HAND_BACK, one.name, one.owner)
        return False
    now = transaction.now_us
    transaction.change(_TAKE, one.name, one.owner, now + int(one.seconds * SECOND), now)
    transaction.flush()
    [(owner,)] = transaction.rows(_OWNER, one.name)
    return bool(owner == one.owner)


class Holding:
    """Does something for as long as its lease is held; waits while another process has it."""

    def __init__(self, writer: Writer, lease: Lease) -> None:
        self._writer = writer
        self._lease = lease

    async def do(self, work: Callable[[], Awaitable[None]]) -> None:
        """Waits for the lease and works until the work ends, or the lease is lost. Then hands it back. Raises what the
        work raises, and what the store does."""
        try:
            await self._get()
            await self._work(work)
        finally:
            with suppress(*TROUBLE):  # it then lapses by itself
                await self._writer.write(take, replace(self._lease, seconds=0.0))

    async def _get(self) -> None:
        while True:
            if await self._writer.write(take, self._lease):
                return
            await asyncio.sleep(min(LOOK, self._lease.seconds))

    async def _work(self, work: Callable[[], Awaitable[None]]) -> None:
        working = asyncio.ensure_future(work())
        renewing = asyncio.create_task(self._renew(), name=f"lease {self._lease.name}")
        try:
            await asyncio.wait((working, renewing), return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                await working
        finally:
            for task in (working, renewing):
                task.cancel()
            await asyncio.gather(working, renewing, return_exceptions=True)

    async def _renew(self) -> None:
        """Returns when the lease is another's, or may be."""
        loop, seconds = asyncio.get_running_loop(), self._lease.seconds
        held_until = loop.time() + seconds
        while loop.time() < held_until:
            await asyncio.sleep(seconds / RENEWALS)
            asked = loop.time()
            try:
                if not await self._writer.write(take, self._lease):
                    break
                held_until = asked + seconds
            except TROUBLE as error:
                log.warning("a lease was not renewed", lease=self._lease.name, reason=str(error))
        log.warning("a lease was lost", lease=self._lease.name)


async def rounds_of_one(
    hub: "Hub",
    part: str,
    once: Callable[[], Awaitable[None]],
    held: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
) -> None:
    """`rounds`, of one process among those that share the store. It is within `held` for as long as it is the one."""

    async def going_round() -> None:
        async with held():
            await rounds(part, once)

    if hub.among_others:
        lease = Lease(part, hub.name, hub.settings.limits.lease)
        await rounds(part, partial(Holding(hub.writer, lease).do, going_round))
    await going_round()
