"""Forgetting what was kept long enough: raw requests, dedupe keys, fragments, calls, exchanges, verifications, merges.

Looks on a reader's connection and deletes by key in small batches through the writer, so that recording is never held
up. What an open quarantine item needs for its replay stays: its raw request, and the dedupe keys of what came with it.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from gateway.settings.model import Limits
from gateway.store.times import SECOND, now_us
from gateway.store.transaction import Transaction
from normalizer.ids import uuid7

if TYPE_CHECKING:
    from gateway.hub import Hub

log = structlog.get_logger()
BATCH = 200
DAY = 86_400.0


@dataclass(frozen=True)
class Rule:
    """`find` takes the last key seen (its columns), the bound before which rows are old, and how many are wanted; it
    gives keys in their order. `drop` takes a key."""

    what: str
    keep: Callable[[Limits], float]
    """Seconds."""
    start: tuple[str, ...]
    find: str
    drop: str
    by_id: bool = False
    """The bound is the first id of that time rather than the time: rows that lie in the order of their ids are found
    without looking at the newer ones, and their bodies."""


RULES: Sequence[Rule] = (
    Rule(
        what="raws",
        keep=lambda limits: limits.keep_raw,
        start=("",),
        find="SELECT id FROM raws WHERE id > ? AND id < ?"
        " AND id NOT IN (SELECT raw_id FROM quarantine WHERE state = 'open') ORDER BY id LIMIT ?",
        drop="DELETE FROM raws WHERE id = ?",
        by_id=True,
    ),
    Rule(
        what="arrivals",
        keep=lambda limits: max(30 * DAY, limits.keep_raw),
        start=("", ""),
        find="SELECT connector_id, key FROM arrivals WHERE (connector_id, key) > (?, ?) AND recorded_at < ?"
        " AND message_id IS NULL"  # the others lead to messages, which are kept
        " AND raw_id NOT IN (SELECT raw_id FROM quarantine WHERE state = 'open') ORDER BY connector_id, key LIMIT ?",
        drop="DELETE FROM arrivals WHERE connector_id = ? AND key = ?",
    ),
    Rule(
        what="idempotency",
        keep=lambda _: 7 * DAY,
        start=("", ""),
        find="SELECT principal, key FROM idempotency WHERE (principal, key) > (?, ?) AND created_at < ?"
        " ORDER BY principal, key LIMIT ?",
        drop="DELETE FROM idempotency WHERE principal = ? AND key = ?",
    ),
    Rule(
        what="fragments",
        keep=lambda _: 7 * DAY,
        start=("", ""),
        find="SELECT connector_id, key FROM fragments f WHERE (connector_id, key) > (?, ?) AND received_at < ?"
        " AND NOT EXISTS (SELECT 1 FROM timers WHERE kind = 'assemble'"
        " AND subject = f.connector_id || char(10) || f.grouping) ORDER BY connector_id, key LIMIT ?",
        drop="DELETE FROM fragments WHERE connector_id = ? AND key = ?",
    ),
    Rule(
        what="calls",
        keep=lambda limits: max(30 * DAY, limits.keep_raw),
        start=("", ""),
        find="SELECT connector_id, external_id FROM calls WHERE (connector_id, external_id) > (?, ?) AND started_at < ?"
        " ORDER BY connector_id, external_id LIMIT ?",
        drop="DELETE FROM calls WHERE connector_id = ? AND external_id = ?",
    ),  # what became of them stands in the history
    Rule(
        what="exchanges",
        keep=lambda limits: limits.keep_raw,
        start=("",),
        find="SELECT id FROM exchanges WHERE id > ? AND id < ? ORDER BY id LIMIT ?",
        drop="DELETE FROM exchanges WHERE id = ?",
        by_id=True,
    ),
    Rule(
        what="verifications",
        keep=lambda limits: limits.keep_verifications,
        start=("",),
        find="SELECT id FROM verifications WHERE id > ? AND id < ? AND state <> 'pending' ORDER BY id LIMIT ?",
        drop="DELETE FROM verifications WHERE id = ?",
        by_id=True,
    ),
    Rule(
        what="merges",
        keep=lambda limits: limits.keep_merges,
        start=("",),
        find="SELECT id FROM merges WHERE id > ? AND id < ? AND undone_at IS NULL ORDER BY id LIMIT ?",
        drop="DELETE FROM merges WHERE id = ?",
        by_id=True,
    ),  # those undone say for good that two stay two, and hold nothing else
)


@dataclass(frozen=True)
class _Old:
    drop: str
    keys: Sequence[tuple[str, ...]]


async def forget(hub: "Hub") -> dict[str, int]:
    """Deletes what is old by every rule; how many rows each deleted. Raises Overloaded, Closed: the rest waits."""
    gone = {}
    for rule in RULES:
        before = now_us() - int(rule.keep(hub.settings.limits) * SECOND)
        gone[rule.what] = await _apply(hub, rule, uuid7(before // 1000, 0) if rule.by_id else before)
    log.info("forgot", **gone)
    return gone


async def _apply(hub: "Hub", rule: Rule, before: int | str) -> int:
    count, last = 0, rule.start
    while keys := await asyncio.to_thread(_find, hub, rule.find, (*last, before, BATCH)):
        await hub.writer.write(_drop, _Old(rule.drop, keys))
        count, last = count + len(keys), keys[-1]
    return count


def _find(hub: "Hub", sql: str, parameters: tuple[Any, ...]) -> list[tuple[str, ...]]:
    with hub.engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql, parameters)]


def _drop(transaction: Transaction, olds: Sequence[_Old]) -> list[None]:
    for old in olds:
        for key in old.keys:
            transaction.change(old.drop, *key)
    return [None] * len(olds)
