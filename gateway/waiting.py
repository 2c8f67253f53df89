"""How the background parts wait: for a bell, for a pause that grows, and on after a round that failed."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog

from gateway.store.session import UNAVAILABLE
from gateway.store.writer import Closed, Overloaded

log = structlog.get_logger()
TROUBLE = (Overloaded, Closed, *UNAVAILABLE)
"""The store is busy, locked, full or stopping: nothing was written, and nobody's item is at fault."""
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0


class Bell:
    """Ends a sleep early. Rung while nobody sleeps, it ends the next one at once. On the event loop only."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def sleep(self, seconds: float) -> None:
        """At most so long."""
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._rung.wait()
        except TimeoutError:
            pass
        finally:
            self._rung.clear()


def backoff(failures: int, first: float, most: float) -> float:
    """Seconds to wait after so many failures in a row: doubling from `first` to `most`, of which the later half is
    drawn by lot, so that what failed together does not come back together."""
    whole = min(most, first * 2.0 ** min(max(failures - 1, 0), 60))
    return whole * (0.5 + random.random() / 2)  # noqa: S311 - nobody gains by guessing it


async def rounds(part: str, once: Callable[[], Awaitable[None]]) -> NoReturn:
    """The outer edge of a background part: a round that fails is logged and, after a pause, followed by the next."""
    failures = 0
    while True:
        try:
            await once()
        except TROUBLE as error:
            failures += 1
            log.warning("put off", part=part, reason=str(error))
        except Exception:
            failures += 1
            log.exception("a round failed", part=part)
        else:
            failures = 0
            continue
        await asyncio.sleep(backoff(failures, FIRST_PAUSE, LONGEST_PAUSE))
