"""The feed: every durable event in the order of its position, read in pages, and waited for without polling.

Reading works from any thread; waiting belongs to the event loop. A reader keeps its own position, so nobody is queued
for and nothing is held back: who reads slowly reads from the store.
"""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from itertools import accumulate, chain
from typing import Any, NamedTuple

from sqlalchemy import Engine

from gateway.recent import Item, Recent, item_of
from gateway.store.engine import looking
from gateway.store.histories import OF_ID, both
from normalizer.events import EVENTS

REREAD = ("feed", "")
"""Whom a transaction wakes that changed events already told."""
BEGINNING = -1
"""Stands before the oldest event that is kept, whichever that is."""
PAGE_OCTETS = 4 << 20
"""No page grows beyond this, however many events were asked for."""
SCANNED = 5_000
"""How many rows one call looks at where no index answers the whole question."""
BACKSTOP = 1.0
"""Seconds between looks for events that another process wrote, while somebody waits."""


class PositionGone(Exception):
    """No such position: newer than the newest, older than what is kept, or of what a restore lost. `oldest` is the
    first that can be read; `kept`, of what was lost, the newest position before it."""

    def __init__(self, oldest: int, kept: int | None = None) -> None:
        super().__init__(f"the oldest event that can be read has position {oldest}")
        self.oldest = oldest
        self.kept = kept


class UnknownType(ValueError):
    """No event type goes by that name or pattern; `nearest` is the one most like it, if any is."""

    def __init__(self, name: str, nearest: str | None) -> None:
        super().__init__(f"there is no event type {name!r}" + (f"; did you mean {nearest!r}?" if nearest else ""))
        self.name = name
        self.nearest = nearest


class Page(NamedTuple):
    items: list[Item]
    seen: int
    """All that was asked for up to this position is in this page or before it; read on from here."""
    complete: bool
    """Nothing was left to read up to `seen`, which was the newest position then."""


class Feed:
    """`start`, `stop`, `wait` and everything waiting run on one event loop; the rest on any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._newest = 0
        self._rising = threading.Lock()
        self._recent = Recent()
        self._followers = 0
        self._waiting: set[asyncio.Future[None]] = set()
        self._waking = False
        self._stopped = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.committed(self._look(_NEWEST) or 0)
        self._backstop = self._loop.create_task(self._look_out(), name="feed")

    def stop(self) -> None:
        """Ends every wait; from now on none begins."""
        self._stopped = True
        self._backstop.cancel()
        self._wake()

    async def _look_out(self) -> None:
        """Sees what another process wrote, such as a command of the operator's."""
        while True:
            await asyncio.sleep(BACKSTOP)
            if self._waiting:
                newest = await asyncio.to_thread(self._look, _NEWEST)
                self.committed(newest or 0)

    def follow(self) -> None:
        """Somebody reads what comes as it comes, until `unfollow`: the newest events are kept in memory."""
        with self._rising:
            self._followers += 1

    def unfollow(self) -> None:
        with self._rising:
            self._followers -= 1
            if not self._followers:
                self._recent.forget()

    def committed(self, position: int, written: Sequence[tuple[Any, ...]] = ()) -> None:
        """Everything up to `position` can be read. From any thread; wakes the loop at most once per turn.

        `written` are the rows of the newest events, as the table has them.
        """
        if self._followers:
            self._recent.add([item_of(row[0], row[2], row[-1]) for row in written])
        with self._rising:
            if position <= self._newest:
                return
            self._newest = position
        if self._waiting and not self._waking and self._loop and not self._loop.is_closed():
            self._waking = True
            self._loop.call_soon_threadsafe(self._wake)

    def reread(self) -> None:
        """Events that were told are told otherwise from now on. From any thread."""
        self._recent.forget()

    def newest(self) -> int:
        """Position of the newest event; 0 while there is none."""
        return self._newest

    def oldest(self) -> int:
        """The first position that can be read: of the oldest event kept, or of the one to come."""
        return self._look(_OLDEST) or self._newest + 1

    def back(self, count: int) -> int:
        """The position after which the newest so and so many events stand; 0 where there are no more than that."""
        return self._look(_BACK, count) or 0

    def vouch(self, after: int) -> None:
        """That a reader can have come to this position: one between epochs is nobody's. Raises PositionGone."""
        if after <= 0 or self._look(_AT, after):
            return
        if after != (oldest := self.oldest()) - 1:
            raise PositionGone(oldest, self._look(_BEFORE, after) if self._look(_RESTORED_AFTER, after) else None)

    def read(
        self, after: int, limit: int, types: Sequence[str] | None = None, conversation_id: str | None = None
    ) -> list[tuple[int, bytes]]:
        """Up to `limit` events after a position, with their positions. Raises PositionGone, UnknownType."""
        found: list[Item] = []
        seen, complete = after, False
        while not complete and len(found) < limit:
            items, seen, complete = self.page(seen, limit - len(found), types, conversation_id)
            found += items
        return [(item.position, item.event) for item in found]

    def page(
        self, after: int, limit: int, types: Sequence[str] | None = None, conversation_id: str | None = None
    ) -> Page:
        """One bounded look at the store. An empty page that is not `complete` says to read on from `seen`.

        `types` are short names or patterns (`expand`); none is all. Raises PositionGone, UnknownType.
        """
        wanted = expand(types) if types else None
        if conversation_id is None and (page := self._at_hand(after, limit, wanted)):
            return page
        newest = self._newest
        if after > newest:  # unless another process wrote it
            newest = self._look(_NEWEST) or 0
            if after > newest:
                raise PositionGone(self.oldest())
        with self._statement(*_query(after, limit, wanted, conversation_id)) as rows:
            items, stopped_at = _take(rows, limit, wanted if conversation_id else None)
        # Asked last, so that nothing can have been pruned unnoticed.
        if after != BEGINNING and after < (oldest := self.oldest()) - 1:
            raise PositionGone(oldest)
        if stopped_at is not None:
            return Page(items, stopped_at, complete=False)
        return Page(items, max(newest, items[-1].position) if items else newest, complete=True)

    def at_hand(self, after: int) -> bool:
        """Whether something after a position is in memory: `page`, asked for no conversation, then reads no store."""
        return bool(self._recent.after(after, 1))

    def _at_hand(self, after: int, limit: int, wanted: frozenset[str] | None) -> Page | None:
        newest = self._newest
        items = self._recent.after(after, limit)
        if not items:
            return None
        octets = accumulate(len(item.event) for item in items)
        items = [item for item, before in zip(items, chain((0,), octets), strict=False) if before < PAGE_OCTETS]
        seen = items[-1].position
        if wanted is not None:
            items = [item for item in items if item.type in wanted]
        return Page(items, seen, complete=seen >= newest)

    async def wait(self, after: int, seconds: float) -> bool:
        """Whether there are events newer than `after`, at once or within so many seconds."""
        if self._newest > after:
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                # Asked again after each wake-up: it may be of events that had been read before anybody waited.
                while self._newest <= after and not self._stopped:
                    await self._woken(after)
        return self._newest > after

    async def _woken(self, after: int) -> None:
        """Until the next wake-up, or at once where there is something newer already."""
        assert self._loop is not None
        waiter = self._loop.create_future()
        self._waiting.add(waiter)
        try:
            # Asked while the writer can see who waits: what it committed just before woke nobody.
            if self._newest <= after:
                await waiter
        finally:
            self._waiting.discard(waiter)

    def _wake(self) -> None:
        self._waking = False
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
        self._waiting.clear()

    def _look(self, sql: str, *parameters: object) -> int | None:
        with self._statement(sql, parameters) as rows:
            return next(iter(rows))[0]  # type: ignore[no-any-return]  # the driver is untyped

    @contextmanager
    def _statement(self, sql: str, parameters: Sequence[object]) -> Iterator[Any]:
        with looking(self._engine) as cursor:
            yield cursor.execute(sql, parameters)


def expand(names: Sequence[str]) -> frozenset[str] | None:
    """The types that names and patterns (`message.*`, `*.updated`, `*`) stand for; None for all. Raises UnknownType."""
    found: set[str] = set()
    for name in names:
        matched = PATTERNS.get(name)
        if matched is None:
            raise UnknownType(name, next(iter(get_close_matches(name, PATTERNS, n=1)), None))
        found |= matched
    return None if len(found) == len(EVENTS) else frozenset(found)


def _patterns() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {name: {name} for name in EVENTS}
    for name in EVENTS:
        entity, _, verb = name.partition(".")
        for pattern in (f"{entity}.*", f"*.{verb}", "*"):
            found.setdefault(pattern, set()).add(name)
    return {pattern: frozenset(names) for pattern, names in found.items()}


PATTERNS = _patterns()
_NEWEST = "SELECT max(position) FROM events"
_OLDEST = "SELECT min(position) FROM events"
_BACK = "SELECT max(position) FROM (SELECT position FROM events ORDER BY position DESC LIMIT 1 OFFSET ?) AS one"
_AT = "SELECT count(*) FROM events WHERE position = ?"
_BEFORE = "SELECT coalesce(max(position), 0) FROM events WHERE position < ?"
_RESTORED_AFTER = "SELECT min(position) FROM events WHERE type = 'feed.restored' AND position > ?"
_SELECT = "SELECT position, type, body FROM events WHERE"
_IN_ORDER = "ORDER BY position LIMIT ?"
_IN_CONVERSATION = (
    both(
        "SELECT h.position, e.type, e.body, h.sequence FROM {history} h CROSS JOIN events e ON e.position = h.position"
        " WHERE h.conversation = " + OF_ID + " AND h.position > ?2"
    )
    + " ORDER BY 4 LIMIT ?3"  # sequence and position rise together, and only the one has an index here
)


def _query(
    after: int, limit: int, types: frozenset[str] | None, conversation_id: str | None
) -> tuple[str, Sequence[object]]:
    """A statement that walks an index in the order of positions, and stops."""
    if conversation_id is not None:
        most = limit if types is None else SCANNED
        return _IN_CONVERSATION, (conversation_id, after, most)
    if types is None:
        return f"{_SELECT} position > ? {_IN_ORDER}", (after, limit)
    # One walk per type, merged as far as it is read: `type IN (…)` would sort the rest of the history instead.
    walks = " UNION ALL ".join([f"{_SELECT} type = ? AND position > ?"] * len(types))
    return f"{walks} {_IN_ORDER}", (*chain.from_iterable((name, after) for name in sorted(types)), limit)


def _take(rows: Any, limit: int, types: frozenset[str] | None) -> tuple[list[Item], int | None]:
    """The items of a statement, and the position it stopped at before its end, if it did."""
    items: list[Item] = []
    octets = 0
    for walked, (position, type_, body, *_) in enumerate(rows, 1):
        if types is None or type_ in types:
            octets += len(body)
            items.append(item_of(position, type_, body))
        if len(items) >= limit or octets >= PAGE_OCTETS or (types is not None and walked >= SCANNED):
            return items, position
    return items, None
