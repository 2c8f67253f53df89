"""A lane at work: one connector, its lease, its pace, what is under way, and when to look again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic

import structlog

from connectors.kit.errors import OutcomeUnknown
from gateway.files import Files
from gateway.live import LiveConnector
from gateway.metrics import SEND_SECONDS, SENT
from gateway.send.claim import Claimed, Claims, Wanted, claim, release
from gateway.send.outcome import Done, Failed, record_outcomes
from gateway.send.pieces import first_unsettled
from gateway.send.rate import Pace, PutBack, cost_of
from gateway.send.within import Within
from gateway.settings.model import Limits
from gateway.store.session import UNAVAILABLE
from gateway.store.writer import Closed, Overloaded, Writer

log = structlog.get_logger()
LONGEST = 120.0
"""Seconds one provider request may take in all."""
ELSEWHERE = 0.2
"""Seconds between looks whether what a lane sends by has come to this process."""
STORE_TROUBLE = (Overloaded, *UNAVAILABLE)


class Lane:
    """Sends what is due, in order per route, as long as the lease is ours and the rate allows."""

    def __init__(
        self,
        connector: LiveConnector,
        writer: Writer,
        files: Files,
        link: Callable[[str], str],
        *,
        owner: str,
        keeps: bool = False,
        limits: Limits,
        carry_out: "Callable[[Lane, Claimed], Awaitable[None]]",
        here: Callable[[], bool] | None = None,
    ) -> None:
        """`keeps`: the lease is renewed while there is nothing to send, too, because others wait for it to lapse. The
        rate is counted by whoever holds it. `here`: whether what it sends by is in this process now; None: wherever
        the lane is."""
        self.connector = connector
        self.files = files
        self.attempts = limits.attempts
        self.seconds, self.accepted = SEND_SECONDS.labels(connector.id), SENT.labels(connector.id, "accepted")
        self.within = Within(LONGEST)
        self._writer = writer
        self.link = link
        self._owner = owner
        self._keeps = keeps
        self._limits = limits
        self._carry_out = carry_out
        self._here = here
        self._pace = Pace(connector.settings.rate)
        self._under_way: set[asyncio.Task[None]] = set()
        self._unanswered: set[str] = set()
        """Deliveries that take a place at the provider; one whose answer is being recorded takes none any more."""
        self._renew_at = 0.0
        """By the monotonic clock: when the lease is renewed even though nothing more can be taken."""
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        self._woken.set()
        self._task = asyncio.create_task(self._run(), name=f"lane {self.connector.id}")

    def wake(self) -> None:
        self._woken.set()

    async def stop(self, *, for_good: bool = False) -> None:
        """Claims no more, lets what is under way finish, hands back the lease. `for_good`: what does not finish in time
        is broken off, so that whoever has the lane next finds it in `sending`, and doubts it."""
        self._stopping = True
        self._pace.stop()
        self._woken.set()
        if self._task:
            await self._task
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=self._limits.drain)
            if for_good:
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)
        if not self._under_way:
            with suppress(Closed, *STORE_TROUBLE):  # the lease then ends by itself
                await self._writer.write(release, (self.connector.id, self._owner))

    async def turn(self, claimed: Claimed, n: int) -> bool:
        """Waits until the rate lets the nth request (from 0) of a delivery leave; False where the lane stops before."""
        if self.connector.settings.rate is None or n == first_unsettled(claimed.plan):
            return True  # the first was paid for by claiming it
        try:
            turn = self._pace.wait(claimed.parcel.rank, cost_of(claimed.plan, n, self.connector))
            self._woken.set()
            await turn
        except PutBack as error:
            await self.record(Failed(self.connector, claimed.parcel, n, error, self.attempts))
            return False
        return True

    async def record(self, outcome: Done | Failed) -> bool:
        """After the commit, whether the delivery is still ours to go on with.

        What the store cannot take now is offered until it can: what a provider said must not be lost.
        """
        if isinstance(outcome, Failed) or outcome.last:
            self._unanswered.discard(outcome.parcel.id)
            self._woken.set()
        while True:
            try:
                return await self._writer.write(record_outcomes, outcome)
            except STORE_TROUBLE as error:
                log.error("an outcome waits for the store", connector=self.connector.id, reason=str(error))
                await asyncio.sleep(1)

    async def _run(self) -> None:
        while not self._stopping:
            self._woken.clear()
            wanted = self._wanted()
            try:
                claims = await self._claims(wanted)
            except Closed:
                return
            for claimed in claims.parcels:
                self._begin(claimed)
            self._pace.let_go()
            await self._rest(wanted, claims)

    async def _claims(self, wanted: Wanted) -> Claims:
        """Asks the store, unless every place is taken and the lease need not be renewed yet. Raises Closed."""
        if self._here is not None and not self._here() and not self._under_way:
            return Claims(mine=False, wait=ELSEWHERE)
        fresh = self._renew_at - monotonic()
        if wanted.most <= 0 and fresh > 0:
            return Claims(mine=True, wait=fresh)
        try:
            claims = await self._writer.write(claim, wanted)
        except STORE_TROUBLE as error:
            log.error("a lane waits for the store", connector=self.connector.id, reason=str(error))
        except Closed:
            raise
        except Exception:
            log.exception("a lane failed to claim", connector=self.connector.id)
        else:
            self._renew_at = monotonic() + self._limits.lease / 3 if claims.mine else 0.0
            return claims
        return Claims(mine=False, wait=1.0)

    def _begin(self, claimed: Claimed) -> None:
        self._pace.spend(claimed.cost)
        self._unanswered.add(claimed.parcel.id)
        task = asyncio.create_task(self._carry(claimed))
        self._under_way.add(task)
        task.add_done_callback(self._finished)

    def _wanted(self) -> Wanted:
        """What is more urgent than the requests that wait for the rate; without such, anything."""
        return Wanted(
            connector=self.connector,
            owner=self._owner,
            lease=self._limits.lease,
            most=self._limits.concurrency - len(self._unanswered),
            idle=not self._under_way,
            link=self.link,
            units=self._pace.units(),
            above=self._pace.first_waiting(),
            choices_for=self._limits.choice_wait,
        )

    async def _carry(self, claimed: Claimed) -> None:
        """Whatever goes wrong in it, the delivery does not stay in `sending`: it may have left."""
        try:
            await self._carry_out(self, claimed)
            self._unanswered.discard(claimed.parcel.id)
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if task and task.cancelling():
                raise
            log.exception("a delivery ended in a fault of the hub", connector=self.connector.id)
            doubt = OutcomeUnknown(f"the hub failed: {type(error).__name__}")
            await self.record(Failed(self.connector, claimed.parcel, None, doubt, self.attempts))

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._woken.set()
        if not task.cancelled() and (error := task.exception()):
            log.error("an outcome was not recorded", connector=self.connector.id, exc_info=error)

    async def _rest(self, wanted: Wanted, claims: Claims) -> None:
        """Until woken, until something is due or may leave, or until the lease wants renewing for what is under way."""
        waits = [] if claims.wait is None else [claims.wait]
        if self._under_way or (self._keeps and claims.mine):
            waits.append(self._limits.lease / 3)
        used_up = wanted.units is not None and sum(one.cost for one in claims.parcels) >= wanted.units
        if claims.mine and (used_up or wanted.above is not None or self._pace.first_waiting() is not None):
            waits.append(self._pace.seconds())
        with suppress(TimeoutError):
            async with asyncio.timeout(min(waits, default=None)):
                await self._woken.wait()
