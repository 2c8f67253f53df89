"""Messages under way to whoever takes them: each in a task of its own, begun in their order."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog

from gateway.bus.contract import MOST_BODY, Incoming, Take
from gateway.waiting import backoff

log = structlog.get_logger()
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STOP_SECONDS = 10.0
"""How long those under way have when nothing more is taken."""
Mark = TypeVar("Mark")
"""By which a bus knows a message it has handed out."""


class Taking(Generic[Mark]):
    """On the event loop. `settle(mark, done)` is called once for each: `done`, or to be handed out again."""

    def __init__(self, queue: str, take: Take, settle: Callable[[Mark, bool], None]) -> None:
        self._queue = queue
        self._take = take
        self._settle = settle
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures = 0

    @property
    def underway(self) -> int:
        return len(self._tasks)

    def begin(self, mark: Mark, incoming: Incoming) -> None:
        task = asyncio.create_task(self._carry_out(mark, incoming), name=f"take {self._queue}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Waits briefly for what is under way; the rest is to be handed out again."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _carry_out(self, mark: Mark, incoming: Incoming) -> None:
        done = False
        try:
            await self._take(incoming)
            self._failures = 0
            done = True
        except Exception as error:
            self._failures += 1
            log.exception(
                "a message was not taken", queue=self._queue, message_id=incoming.message_id, error=str(error)
            )
            await asyncio.sleep(backoff(self._failures, FIRST_PAUSE, LONGEST_PAUSE))
        finally:
            self._settle(mark, done)


def too_large(queue: str, body: bytes, message_id: str | None) -> bool:
    """Whether a body is over MOST_BODY; the log then says that it was dropped."""
    if len(body) <= MOST_BODY:
        return False
    log.error("a message was too large and is dropped", queue=queue, octets=len(body), message_id=message_id)
    return True
