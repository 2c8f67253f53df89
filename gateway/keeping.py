"""What plugins keep for themselves (`connectors.kit.state`): closed in the store, and replaced by compare-and-swap.

A turn is a lease (`gateway.leases`) of a single use, which nobody renews: who dies in one lets it lapse. It only keeps
two processes from asking a provider at once; that neither undoes what the other kept is the comparison's business.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import TypeVar

import msgspec
import structlog
from sqlalchemy import Engine

from connectors.kit.errors import Misconfigured, Temporary
from connectors.kit.secret import Secret
from connectors.kit.state import LONGEST
from gateway.ids import new_id
from gateway.leases import Lease, take
from gateway.settings.sealing import Seal, WrongKey
from gateway.store.engine import looking
from gateway.store.session import beside_others
from gateway.store.transaction import Transaction
from gateway.store.writer import Writer
from gateway.waiting import TROUBLE, backoff

T = TypeVar("T")
log = structlog.get_logger()
TRIES = 6
"""Of a write that the store does not take: a provider's answer may hang on it."""
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 3.0
LOOK = 0.2
"""Seconds between looks whether another's turn is over."""
SETTLING = 30.0
"""Seconds that a turn which has begun is waited for before its connector ends."""
_FIND = "SELECT value FROM states WHERE connector_id = ? AND name = ?"
_ALL = "SELECT connector_id, name, value FROM states"
_COUNT = "SELECT count(*) FROM states WHERE connector_id = ?"
_FORGET = "DELETE FROM states WHERE connector_id = ?"
_FIRST = "INSERT INTO states (connector_id, name, value, changed_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_NEXT = "UPDATE states SET value = ?, changed_at = ? WHERE connector_id = ? AND name = ? AND value = ?"


class Text(msgspec.Struct):
    text: str


@dataclass(frozen=True)
class Replaced:
    """As the store keeps both."""

    connector_id: str
    name: str
    before: bytes | None
    after: bytes


@beside_others
def replaced(transaction: Transaction, wanted: Sequence[Replaced]) -> list[bool]:
    """Whether each is what is kept now."""
    return [_replace(transaction, one) for one in wanted]


def _replace(transaction: Transaction, one: Replaced) -> bool:
    place = (one.connector_id, one.name)
    if one.before is None:
        transaction.change(_FIRST, *place, one.after, transaction.now_us)
    else:
        transaction.change(_NEXT, one.after, transaction.now_us, *place, one.before)
    transaction.flush()
    row = transaction.row(_FIND, *place)
    return row is not None and bytes(row[0]) == one.after


@beside_others
def forgotten(transaction: Transaction, connector_ids: Sequence[str]) -> list[int]:
    """How many texts each connector kept; none is kept any more."""
    counts = [transaction.rows(_COUNT, one)[0][0] for one in connector_ids]
    for one in connector_ids:
        transaction.change(_FORGET, one)
    return counts


class Keeping:
    """What all connectors keep."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._writer = writer

    def of(self, connector_id: str, seal: Seal) -> "Kept":
        return Kept(connector_id, self._engine, self._writer, seal)

    async def reseal(self, seal: Seal) -> None:
        """Closes under the newest key what lies open or was closed under an older one. Raises WrongKey, and what the
        store does."""
        for connector_id, name, value in await asyncio.to_thread(self._all):
            if seal.is_worn(bytes(value)):
                anew = seal.close(seal.open(bytes(value)))
                await self._writer.write(replaced, Replaced(connector_id, name, bytes(value), anew))

    def _all(self) -> list[tuple[str, str, bytes]]:
        with looking(self._engine) as cursor:
            return list(cursor.execute(_ALL).fetchall())


class Kept:
    """What one connector keeps. `replace` and `turn` on the event loop on which the writer is asked."""

    def __init__(self, connector_id: str, engine: Engine, writer: Writer, seal: Seal) -> None:
        self._connector_id = connector_id
        self._engine = engine
        self._writer = writer
        self._seal = seal
        self._ended = False
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def read(self, name: str) -> Secret | None:
        kept = await self._persistently(lambda: asyncio.to_thread(self._find, name))
        return None if kept is None else self._opened(kept)

    async def replace(self, name: str, old: Secret | None, new: Secret) -> bool:
        if len(new.reveal()) > LONGEST:
            raise ValueError(f"{name}: longer than {LONGEST} characters")
        after = self._seal.close(msgspec.json.encode(Text(new.reveal())))
        return await self._persistently(lambda: self._swap(name, old, after))

    @asynccontextmanager
    async def turn(self, name: str, seconds: float) -> AsyncIterator[None]:
        lease = Lease(f"state {self._connector_id} {name}", new_id(), seconds)
        async with self._turns[name]:
            if self._ended:
                raise Temporary("the connector ends")
            try:
                await self._get(lease)
                yield
            finally:
                with suppress(*TROUBLE):  # it then lapses by itself
                    await self._writer.write(take, replace(lease, seconds=0.0))

    async def settle(self) -> None:
        """Begins no more turns; returns when none is under way, or one has been for too long."""
        self._ended = True
        for name, lock in list(self._turns.items()):
            try:
                async with asyncio.timeout(SETTLING), lock:
                    pass
            except TimeoutError:
                log.error("what a connector keeps is still being changed", connector=self._connector_id, name=name)

    async def _get(self, lease: Lease) -> None:
        try:
            async with asyncio.timeout(lease.seconds):
                while not await self._persistently(lambda: self._writer.write(take, lease)):  # noqa: ASYNC110 - no bell
                    await asyncio.sleep(LOOK)
        except TimeoutError:
            raise Temporary("another process is at what this connector keeps") from None

    async def _swap(self, name: str, old: Secret | None, after: bytes) -> bool:
        """Looks again where only the closing changed."""
        while True:
            before = await asyncio.to_thread(self._find, name)
            if before == after:  # of an attempt whose outcome was not heard
                return True
            if (None if before is None else self._opened(before)) != old:
                return False
            if await self._writer.write(replaced, Replaced(self._connector_id, name, before, after)):
                return True

    async def _persistently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Raises Temporary where the store is in trouble for longer than a moment."""
        for tried in range(1, TRIES + 1):
            try:
                return await ask()
            except TROUBLE as error:
                trouble = error
                await asyncio.sleep(backoff(tried, FIRST_PAUSE, LONGEST_PAUSE))
        raise Temporary(f"what the connector keeps cannot be reached: {trouble}") from trouble

    def _find(self, name: str) -> bytes | None:
        with looking(self._engine) as cursor:
            row = cursor.execute(_FIND, (self._connector_id, name)).fetchone()
        return None if row is None else bytes(row[0])

    def _opened(self, kept: bytes) -> Secret:
        try:
            return Secret(msgspec.json.decode(self._seal.open(kept), type=Text).text)
        except WrongKey as error:
            raise Misconfigured(str(error)) from None
