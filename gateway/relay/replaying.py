"""Sending a range of the feed to one subscriber again, beside what is new and without moving its position.

A replay has a progress of its own in the store: page by page, each begun when all of the one before was taken, in order
within each conversation. It ends as failed where an event is not taken after some attempts; what waits for the way to
the target to be there again waits.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import msgspec
import structlog
from sqlalchemy import Engine

from gateway.feed import Feed, PositionGone, expand
from gateway.metrics import RELAYED
from gateway.relay.copies import copy_of
from gateway.relay.events import Batch, Event, Filter, read
from gateway.relay.targets import Away, Ended, Refusal, Target
from gateway.store.session import beside_others
from gateway.store.transaction import Transaction, listed
from gateway.store.writer import Writer

log = structlog.get_logger()
PAGE = 64
PAUSES = (1.0, 5.0, 30.0)
"""Seconds before further attempts of an event; after the last the replay has failed."""
LONGEST_TOLD = 300.0
AT_ONCE = 16
"""Conversations."""
RUNNING, DONE, FAILED, CANCELLED = "running", "done", "failed", "cancelled"
_RUNNING = (
    "SELECT id, subscription, after, until, types, position, sent FROM replays WHERE state = 'running' ORDER BY id"
)
_HOLD = "SELECT id FROM replays WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
_STATE = "SELECT state FROM replays WHERE id = ?"
_PROGRESS = "UPDATE replays SET position = ?, sent = ?, state = ?, error = ?, ended_at = ? WHERE id = ?"


@dataclass(frozen=True)
class Range:
    """A replay that was asked for, and how far it is."""

    id: str
    subscription: str
    after: int
    until: int
    types: tuple[str, ...]
    position: int
    sent: int


@dataclass(frozen=True)
class Progress:
    id: str
    position: int
    sent: int
    state: str = RUNNING
    error: str | None = None


class NotReplayed(Exception):
    """An event was not taken, however often it was tried."""


def narrowed(wanted: Filter, types: Sequence[str]) -> Filter | None:
    """What a subscription wants, of these types only; None where that is nothing. Raises UnknownType."""
    asked, all_of = expand(types) if types else None, expand(wanted.types) if wanted.types else None
    if asked is None:
        return wanted
    both = asked if all_of is None else asked & all_of
    return msgspec.structs.replace(wanted, types=tuple(sorted(both))) if both else None


def running(engine: Engine) -> list[Range]:
    """Oldest first. Blocks."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(_RUNNING).fetchall()
    return [
        Range(id_, name, after, until, msgspec.json.decode(types, type=tuple[str, ...]), position, sent)
        for id_, name, after, until, types, position, sent in rows
    ]


@beside_others
def progress(transaction: Transaction, made: Sequence[Progress]) -> list[bool]:
    """Whether each replay still runs; what was cancelled stays so."""
    transaction.hold(_HOLD, listed(sorted(one.id for one in made)))
    states = [transaction.row(_STATE, one.id) for one in made]
    goes_on = [state is not None and state[0] == RUNNING for state in states]
    for one, on in zip(made, goes_on, strict=True):
        if on:
            ended = None if one.state == RUNNING else transaction.now_us
            transaction.change(_PROGRESS, one.position, one.sent, one.state, one.error, ended, one.id)
    return goes_on


class Replaying:
    """One replay at work, for as long as its subscription runs here."""

    def __init__(
        self, asked: Range, wanted: Filter, target: Target, feed: Feed, writer: Writer, threads: Executor
    ) -> None:
        self._asked = asked
        self._wanted = narrowed(wanted, asked.types)
        self._target = target
        self._feed = feed
        self._writer = writer
        self._threads = threads
        self._previous = asked.position
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """To its end. What a crash interrupts is taken up after the last whole page."""
        asked, position, sent = self._asked, self._asked.position, self._asked.sent
        try:
            while self._wanted and position < asked.until:
                batch = await self._read(self._wanted, position)
                events = [event for event in batch.events if event.position <= asked.until]
                await self._send(events)
                position, sent = min(batch.seen, asked.until), sent + len(events)
                if not await self._writer.write(progress, Progress(asked.id, position, sent)):
                    return
        except (NotReplayed, PositionGone) as error:
            log.warning("a replay failed", subscription=asked.subscription, replay=asked.id, reason=str(error))
            await self._writer.write(progress, Progress(asked.id, position, sent, FAILED, str(error)))
        else:
            await self._writer.write(progress, Progress(asked.id, position, sent, DONE))

    async def _read(self, wanted: Filter, position: int) -> Batch:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, read, self._feed, wanted, position, PAGE)

    async def _send(self, events: Sequence[Event]) -> None:
        """Returns when all were taken. Raises NotReplayed when none is under way any more."""
        lines: defaultdict[str, list[tuple[Event, int]]] = defaultdict(list)
        for event in events:
            lines[event.partition].append((event, self._previous))
            self._previous = event.position
        ended = await asyncio.gather(*map(self._send_line, lines.values()), return_exceptions=True)
        for error in ended:
            if error:
                raise error

    async def _send_line(self, line: Sequence[tuple[Event, int]]) -> None:
        async with self._slots:
            for event, previous in line:
                await self._send_one(event, previous)

    async def _send_one(self, event: Event, previous: int) -> None:
        copy, pauses = copy_of(event, previous, replayed=True), iter(PAUSES)
        while True:
            try:
                await self._target.send(copy)
            except Away:
                await asyncio.sleep(PAUSES[0])
                await self._target.ready()
            except Refusal as refusal:
                RELAYED.labels(self._asked.subscription, "refused").inc()
                pause = None if isinstance(refusal, Ended) else next(pauses, None)
                if pause is None:
                    raise NotReplayed(f"the event at position {event.position}: {refusal.detail}") from refusal
                await asyncio.sleep(max(pause, min(refusal.retry_after or 0.0, LONGEST_TOLD)))
            else:
                RELAYED.labels(self._asked.subscription, "taken").inc()
                return
