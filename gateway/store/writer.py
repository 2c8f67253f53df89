"""The one writer of a process: folds whatever has queued into one transaction, and commits once.

`submit` hands in an item with the function that applies a whole list of such items. After the commit, and only then,
its future resolves; the event loop is woken once per batch. A batch that fails is rolled back and each item runs by
itself, so that one poisonous item harms no other. One that met another process is carried out anew.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import msgspec
import structlog
from sqlalchemy import Engine

from gateway.store.engine import transactions_of
from gateway.store.memory import Memory
from gateway.store.pressure import Pressure
from gateway.store.session import BESIDE, Again, Alone
from gateway.store.times import from_us, now_us
from gateway.store.transaction import Transaction

I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")
Apply = Callable[[Transaction, Sequence[I]], Sequence[R]]
MOST = 256
TRIES = 2
"""How often a batch may meet another process before it is carried out while nobody else writes."""
log = structlog.get_logger()


class Overloaded(Exception):
    """Too much is waiting to be written; nothing was taken."""


class Closed(Exception):
    """The writer has stopped; nothing was taken."""


class _NotBegun(Exception):
    def __init__(self, why: Exception) -> None:
        super().__init__(why)
        self.why = why


class _Job(msgspec.Struct, frozen=True, eq=False):
    apply: Apply[Any, Any]
    item: Any
    future: Future[Any] | asyncio.Future[Any]


class Writer:
    """`committed(transaction)` is called on the writer's thread after each commit.

    Two bounds. What comes from outside asks `admit` first, and is sent away as soon as it would wait longer than
    `patience`; so what was let in is written soon. `capacity` bounds everything, the hub's own work too.
    """

    def __init__(
        self,
        engine: Engine,
        committed: Callable[[Transaction], None] = lambda _: None,
        capacity: int = 10_000,
        patience: float = 1.0,
    ) -> None:
        """`patience` in seconds."""
        self._transactions = transactions_of(engine)
        self._committed = committed
        self._capacity = capacity
        self._patience = patience
        self._pressure = Pressure()
        self._queue: SimpleQueue[list[_Job] | None] = SimpleQueue()
        self._turn: list[_Job] = []
        """What came in this turn of the event loop; handed over together, so that the thread is woken once."""
        self._waiting = 0
        self._lock = threading.Lock()
        self._closed = self._died = False
        self._memory = Memory()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Writes what was taken, then ends. Blocks."""
        with self._lock:
            self._closed = True
            self._hand_over()
            self._queue.put(None)
        self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether its thread runs, or was not started yet, or stopped in good order."""
        return self._closed or not self._died

    @property
    def waiting(self) -> int:
        return self._waiting

    @property
    def wait(self) -> float:
        """Seconds until what came now would be written."""
        return self._pressure.seconds(self._waiting)

    @property
    def late(self) -> bool:
        """Whether what comes now would wait too long; what fits into one batch never does."""
        return self._waiting > MOST and self.wait > self._patience

    def admit(self) -> None:
        """Raises Overloaded where what comes from outside would wait too long."""
        if self.late:
            raise Overloaded(f"what comes now would be written after {self.wait:.1f} s")

    def submit(self, apply: Apply[I, R], item: I) -> Future[R]:
        """From a thread. Raises Overloaded, Closed."""
        future: Future[R] = Future()
        with self._lock:
            self._admit()
            self._queue.put([_Job(apply, item, future)])
        return future

    def write(self, apply: Apply[I, R], item: I) -> asyncio.Future[R]:
        """From the event loop. Raises Overloaded, Closed."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[R] = loop.create_future()
        with self._lock:
            self._admit()
            if not self._turn:
                loop.call_soon(self._hand_over_turn)
            self._turn.append(_Job(apply, item, future))
        return future

    def _admit(self) -> None:
        if self._closed or self._died:
            raise Closed("the hub is stopping" if self._closed else "the writer has died")
        if self._waiting >= self._capacity:
            raise Overloaded(f"{self._capacity} changes are waiting to be written")
        self._waiting += 1

    def _hand_over_turn(self) -> None:
        with self._lock:
            self._hand_over()

    def _hand_over(self) -> None:
        if self._turn:
            jobs, self._turn = self._turn, []
            self._queue.put(jobs)

    def _run(self) -> None:
        try:
            self._work()
        finally:
            self._died = not self._closed

    def _work(self) -> None:
        self._transactions.open()
        while jobs := self._take():
            self._pressure.began()
            for alone, together in self._parts(jobs):
                self._batch(together, alone=alone)
            self._transactions.rest()
            self._pressure.ended(len(jobs))
            with self._lock:
                self._waiting -= len(jobs)
        self._transactions.close()

    def _take(self) -> list[_Job]:
        """What waits, whole turns, until there are MOST; blocks for the first. Empty: the end."""
        jobs = self._queue.get()
        if jobs is None:
            return []
        while len(jobs) < MOST:
            try:
                more = self._queue.get_nowait()
            except Empty:
                break
            if more is None:
                self._queue.put(None)
                break
            jobs += more
        return jobs

    def _parts(self, jobs: list[_Job]) -> list[tuple[bool, list[_Job]]]:
        """What is written together; and whether nobody else may write meanwhile."""
        if not self._transactions.shared:
            return [(True, jobs)]
        parts: dict[bool, list[_Job]] = {}
        for job in jobs:
            parts.setdefault(job.apply not in BESIDE, []).append(job)
        return list(parts.items())

    def _batch(self, jobs: list[_Job], *, alone: bool, tries: int = 0) -> None:
        try:
            transaction, results = self._commit(jobs, alone=alone)
        except Again as reason:
            if alone and not isinstance(reason, Alone):
                _settle([(job, None, reason) for job in jobs])
            else:
                self._batch(jobs, alone=isinstance(reason, Alone) or tries + 1 >= TRIES, tries=tries + 1)
        except _NotBegun as error:  # the store's trouble and no item's: by themselves they would only wait longer
            _settle([(job, None, error.why) for job in jobs])
        except Exception as error:  # noqa: BLE001 - whatever an item raises belongs to that item's future
            if len(jobs) == 1:
                _settle([(jobs[0], None, error)])
                return
            log.warning("a batch failed; its items run by themselves", size=len(jobs), error=repr(error))
            for job in jobs:
                self._batch([job], alone=alone)
        else:
            self._transactions.tell(transaction, lambda: self._tell(transaction, results))

    def _tell(self, transaction: Transaction, results: list[tuple[_Job, Any, None]]) -> None:
        try:
            self._committed(transaction)
        except Exception:  # whoever did not hear of it, the commit stands and is not repeated
            log.exception("a commit was not told")
        _settle(results)

    def _commit(self, jobs: list[_Job], *, alone: bool) -> tuple[Transaction, list[tuple[_Job, Any, None]]]:
        """Carries out and commits; rolls back what fails. Raises _NotBegun where the store let nothing begin."""
        try:
            session = self._transactions.begin(alone=alone)
        except Again:
            raise
        except Exception as error:
            raise _NotBegun(error) from error
        try:
            transaction = Transaction(session, from_us(now_us()), self._memory)
            results = [
                (job, result, None)
                for apply, group in _grouped(jobs)
                for job, result in zip(group, self._apply(transaction, apply, group), strict=True)
            ]
            self._transactions.commit(transaction)
        except BaseException:
            self._memory.distrust()
            self._transactions.roll_back()
            raise
        return transaction, results

    def _apply(self, transaction: Transaction, apply: Apply[Any, Any], group: list[_Job]) -> Sequence[Any]:
        results = apply(transaction, [job.item for job in group])
        transaction.flush()
        return results


def _grouped(jobs: list[_Job]) -> list[tuple[Apply[Any, Any], list[_Job]]]:
    """Jobs of one kind together, kinds and jobs in the order they came."""
    groups: dict[Apply[Any, Any], list[_Job]] = {}
    for job in jobs:
        groups.setdefault(job.apply, []).append(job)
    return list(groups.items())


def _settle(results: Sequence[tuple[_Job, Any, Exception | None]]) -> None:
    """Resolves the futures: threads' at once, each event loop's in one wake-up."""
    loops: defaultdict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any, Exception | None]]]
    loops = defaultdict(list)
    for job, result, error in results:
        if isinstance(job.future, Future):
            _resolve(job.future, result, error)
        else:
            loops[job.future.get_loop()].append((job.future, result, error))
    for loop, settled in loops.items():
        with suppress(RuntimeError):  # the loop was closed; nobody waits there any more
            loop.call_soon_threadsafe(_resolve_all, settled)


def _resolve_all(settled: list[tuple[asyncio.Future[Any], Any, Exception | None]]) -> None:
    for future, result, error in settled:
        _resolve(future, result, error)


def _resolve(future: Future[Any] | asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    with suppress(InvalidStateError, asyncio.InvalidStateError):  # whoever waited went away; the commit stands
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
