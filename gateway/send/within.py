"""A bound in time for everything a lane has under way, by one timer: `asyncio.timeout` makes one for each request."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


class Within:
    """Belongs to one event loop. What takes longer than `seconds` is cancelled, and ends in TimeoutError."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends: dict[asyncio.Task[Any], float] = {}
        """By when each has to be done, the first first, for all have the same time."""
        self._late: set[asyncio.Task[Any]] = set()
        self._watched = False

    async def __call__(self, awaited: Awaitable[T]) -> T:
        task = asyncio.current_task()
        assert task is not None
        loop = task.get_loop()
        self._ends[task] = ends = loop.time() + self._seconds
        if not self._watched:
            self._watched = True
            loop.call_at(ends, self._look, loop)
        try:
            return await awaited
        except asyncio.CancelledError as error:
            if task in self._late and task.cancelling() <= 1:
                raise TimeoutError from error
            raise
        finally:
            del self._ends[task]
            if task in self._late:
                self._late.remove(task)
                task.uncancel()

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for task, ends in self._ends.items():
            if ends > now:
                loop.call_at(ends, self._look, loop)
                return
            if task not in self._late:
                self._late.add(task)
                task.cancel()
        self._watched = False
