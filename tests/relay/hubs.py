"""Hubs with subscriptions, events written straight into their feed, and operators who change things."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.hub import Hub
from gateway.relay import looking
from gateway.relay.changing import Change, change
from gateway.relay.looking import SubscriptionInfo
from gateway.settings.loading import load
from gateway.store import schema
from gateway.store.transaction import Transaction
from normalizer.model import Priority
from tests.relay.receiver import SECRET
from tests.stores import url_of

SECONDS = 60


@dataclass(frozen=True)
class Said:
    """An event to write."""

    partition: str
    type: str = "message.received"
    priority: Priority = Priority.NORMAL
    channel: str | None = "cage"
    connector: str | None = "perch"
    inbox: str | None = "main"
    size: int = 0


def say(transaction: Transaction, bulks: Sequence[Sequence[Said]]) -> list[None]:
    for bulk in bulks:
        histories: dict[str, list[int]] = {}
        for one in bulk:
            history = histories.setdefault(one.partition, _history(transaction, one.partition))
            history[1] += 1
            transaction.emit(
                one.type,
                {"said": "x" * one.size},
                source=f"/conversations/{one.partition}",
                subject=one.partition,
                partition=one.partition,
                conversation=history[0],
                sequence=history[1],
                priority=one.priority,
                channel=one.channel,
                connector=one.connector,
                inbox=one.inbox,
            )
        transaction.flush()
    return [None] * len(bulks)


def _history(transaction: Transaction, partition: str) -> list[int]:
    """Number and last sequence of a conversation, which is made where there is none."""
    found = transaction.row("SELECT number FROM conversations WHERE id = ?", partition)
    if found is None:
        [(number,)] = transaction.rows("SELECT coalesce(max(number), 0) + 1 FROM conversations")
        values = (partition, number, "main", None, "personal", partition, None, "open", None, "[]", "normal")
        transaction.insert(schema.conversations, *values, None, None, None, transaction.now_us, *[None] * 5)
        transaction.flush()
        return [number, 0]
    [(last,)] = transaction.rows(_LAST, found[0])
    return [found[0], last]


_LAST = (
    "SELECT coalesce(max(sequence), 0) FROM (SELECT * FROM history UNION ALL SELECT * FROM history_tail) AS h"
    " WHERE conversation = ?"
)


async def tell(hub: Hub, *said: Said) -> None:
    """Writes events, in this order."""
    await hub.writer.write(say, said)


def conversations(count: int, each: int) -> list[Said]:
    """So many events of so many conversations, by turns."""
    return [Said(f"c{n}") for _ in range(each) for n in range(count)]


def webhook(url: str, **more: Any) -> dict[str, Any]:
    return {"webhook": url, "secret": SECRET, "cursor_every": 0, **more}


def write_settings(folder: Path, subscriptions: dict[str, Any], **more: Any) -> Path:
    path = folder / "onethread.yaml"
    values = {"store": url_of(folder / "hub.db"), "limits": {"lease": 1}, "subscriptions": subscriptions, **more}
    path.write_text(json.dumps(values))
    return path


def hub_in(folder: Path, /, more: dict[str, Any] | None = None, **subscriptions: dict[str, Any]) -> Hub:
    return Hub(load(write_settings(folder, subscriptions, **(more or {})), {}))


@asynccontextmanager
async def running(hub: Hub) -> AsyncIterator[Hub]:
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


async def reload(
    hub: Hub, folder: Path, /, more: dict[str, Any] | None = None, **subscriptions: dict[str, Any]
) -> None:
    await hub.apply(load(write_settings(folder, subscriptions, **(more or {})), {}))


async def operate(hub: Hub, wanted: Change) -> object:
    result = await hub.writer.write(change, wanted)
    assert not isinstance(result, Exception), result
    return result


def info(hub: Hub, name: str) -> SubscriptionInfo:
    found = looking.info(hub.engine, hub.settings, name, hub.relays)
    assert found is not None
    return found


async def eventually(condition: Callable[[], Any]) -> Any:
    """What it gives, once it is something."""
    async with asyncio.timeout(SECONDS):
        while not (found := condition()):  # noqa: ASYNC110 - the store has no event to wait for
            await asyncio.sleep(0.01)
    return found


def run(story: Callable[[], Coroutine[Any, Any, None]] | Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(2 * SECONDS):
            await (story if isinstance(story, Awaitable) else story())

    asyncio.run(bounded())
