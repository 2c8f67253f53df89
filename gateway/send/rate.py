"""How fast a lane may send: a token bucket in the unit its provider counts, the most urgent first.

A request may leave while the bucket holds a whole unit, and takes its full cost, into debt if need be: a text of three
segments leaves at once, and the next thing when three more have come. What is claimed has paid for its first request;
each further request of a long message waits its turn here, where something more urgent may be claimed before it.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from time import monotonic

from connectors.kit.errors import KitError
from gateway.live import LiveConnector
from gateway.send.standing import Plan
from gateway.settings.rate import Rate
from normalizer.segments import cost


def cost_of(plan: Plan, n: int, connector: LiveConnector) -> int:
    """Of the nth request (from 0) of a delivery, at least 1."""
    if n >= len(plan.payloads):
        return 1
    return cost(plan.payloads[n].body, connector.plugin.info.capability)


class PutBack(KitError):
    """The lane stops before the request left: the delivery goes back to the queue as it is."""


class Pace:
    """One lane's. Without a rate, everything may leave."""

    def __init__(self, rate: Rate | None, clock: Callable[[], float] = monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._level = float(rate.burst) if rate else 0.0
        self._at = clock()
        self._numbers = itertools.count()
        self._stopped = False
        self._waiting: list[tuple[int, int, int, asyncio.Future[None]]] = []

    def units(self) -> int | None:
        """What may leave now; None: anything."""
        if self._rate is None:
            return None
        self._fill(self._rate)
        return max(0, int(self._level))

    def first_waiting(self) -> int | None:
        """The rank of the most urgent request that waits."""
        self._forget()
        return self._waiting[0][0] if self._waiting else None

    def spend(self, units: int) -> None:
        if self._rate is not None:
            self._level -= units

    def wait(self, rank: int, units: int) -> asyncio.Future[None]:
        """Done when the request may leave, and is paid for. Ends in PutBack when the lane stops."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, next(self._numbers), units, turn))
        if self._stopped:
            self.stop()
        return turn

    def stop(self) -> None:
        """Nothing that waits will leave."""
        self._stopped = True
        while self.first_waiting() is not None:
            heapq.heappop(self._waiting)[3].set_exception(PutBack("the lane stops"))

    def let_go(self) -> None:
        """Lets requests that wait leave, as many as may."""
        while self.first_waiting() is not None and self.units() != 0:
            _, _, units, turn = heapq.heappop(self._waiting)
            self.spend(units)
            turn.set_result(None)

    def seconds(self) -> float:
        """Until something more may leave."""
        return 0.0 if self._rate is None or self.units() else (1 - self._level) / self._rate.per_second

    def _fill(self, rate: Rate) -> None:
        now = self._clock()
        self._level = min(float(rate.burst), self._level + (now - self._at) * rate.per_second)
        self._at = now

    def _forget(self) -> None:
        """Requests whose task was cancelled meanwhile wait no more."""
        while self._waiting and self._waiting[0][3].done():
            heapq.heappop(self._waiting)
