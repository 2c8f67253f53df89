"""A lane at work: one connector, its lease, what is under way, and when to look again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from connectors.kit.errors import OutcomeUnknown
from gateway.files import Files
from gateway.live import LiveConnector
from gateway.record import UNAVAILABLE
from gateway.send.claim import Claimed, Claims, Wanted, claim, release
from gateway.send.outcome import Done, Failed, record_outcomes
from gateway.store.writer import Closed, Overloaded, Writer

log = structlog.get_logger()
STORE_TROUBLE = (Overloaded, UNAVAILABLE)
GRACE = 10.0
"""Seconds that requests under way get when the hub stops."""


class Lane:
    """Sends what is due, in order per route, as long as the lease is ours."""

    def __init__(
        self,
        connector: LiveConnector,
        writer: Writer,
        files: Files,
        link: Callable[[str], str],
        *,
        owner: str,
        lease: float,
        concurrency: int,
        attempts: int,
        carry_out: "Callable[[Lane, Claimed], Awaitable[None]]",
    ) -> None:
        self.connector = connector
        self.files = files
        self.attempts = attempts
        self._writer = writer
        self._link = link
        self._owner = owner
        self._lease = lease
        self._concurrency = concurrency
        self._carry_out = carry_out
        self._under_way: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        self._woken.set()
        self._task = asyncio.create_task(self._run(), name=f"lane {self.connector.id}")

    def wake(self) -> None:
        self._woken.set()

    async def stop(self) -> None:
        """Claims no more, lets what is under way finish, hands back the lease."""
        self._stopping = True
        self._woken.set()
        if self._task:
            await self._task
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=GRACE)
        if not self._under_way:
            with suppress(Closed, *STORE_TROUBLE):  # the lease then ends by itself
                await self._writer.write(release, (self.connector.id, self._owner))

    async def record(self, outcome: Done | Failed) -> bool:
        """After the commit, whether the delivery is still ours to go on with.

        What the store cannot take now is offered until it can: what a provider said must not be lost.
        """
        while True:
            try:
                return await self._writer.write(record_outcomes, outcome)
            except STORE_TROUBLE as error:
                log.error("an outcome waits for the store", connector=self.connector.id, reason=str(error))
                await asyncio.sleep(1)

    async def _run(self) -> None:
        while not self._stopping:
            self._woken.clear()
            try:
                claims = await self._claim()
            except STORE_TROUBLE as error:
                log.error("a lane waits for the store", connector=self.connector.id, reason=str(error))
                claims = Claims(mine=False, wait=1.0)
            except Closed:
                return
            except Exception:
                log.exception("a lane failed to claim", connector=self.connector.id)
                claims = Claims(mine=False, wait=1.0)
            for claimed in claims.parcels:
                task = asyncio.create_task(self._carry(claimed))
                self._under_way.add(task)
                task.add_done_callback(self._finished)
            await self._rest(claims)

    async def _claim(self) -> Claims:
        wanted = Wanted(
            connector=self.connector,
            owner=self._owner,
            lease=self._lease,
            most=self._concurrency - len(self._under_way),
            link=self._link,
        )
        return await self._writer.write(claim, wanted)

    async def _carry(self, claimed: Claimed) -> None:
        """Whatever goes wrong in it, the delivery does not stay in `sending`: it may have left."""
        try:
            await self._carry_out(self, claimed)
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if task and task.cancelling():
                raise
            log.exception("a delivery ended in a fault of the hub", connector=self.connector.id)
            doubt = OutcomeUnknown(f"the hub failed: {type(error).__name__}")
            await self.record(Failed(self.connector, claimed.parcel, doubt, self.attempts))

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._woken.set()
        if not task.cancelled() and (error := task.exception()):
            log.error("an outcome was not recorded", connector=self.connector.id, exc_info=error)

    async def _rest(self, claims: Claims) -> None:
        """Until woken, until something is due, or until the lease wants renewing because work is under way."""
        waits = [wait for wait in (claims.wait, self._lease / 3 if self._under_way else None) if wait is not None]
        with suppress(TimeoutError):
            async with asyncio.timeout(min(waits, default=None)):
                await self._woken.wait()
