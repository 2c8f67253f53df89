"""Pieces that cannot be put together are tried a few times, then shown, and recorded anew by a replay."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway import clock
from gateway.record.replay import Replayed, replay
from tests.background.heronry import (
    Heron,
    Note,
    change,
    deliver,
    eventually,
    live,
    rows,
    run,
    running,
    settings_in,
    texts,
)

FAULT = "CREATE TRIGGER fault BEFORE INSERT ON message_heads BEGIN SELECT RAISE(ABORT, 'a fault of ours'); END"
ALBUM = [Note(id="1", text="one", album="a"), Note(id="2", text="two", album="a")]


async def try_again(hub: Any) -> None:
    """As if a minute had passed."""
    await change(hub, "UPDATE timers SET due_at = 0")
    hub.clock.wake("")


@pytest.mark.engine("sqlite")
def test_a_timer_that_always_fails_is_given_up_and_its_pieces_are_quarantined(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            await change(hub, FAULT)
            for note in ALBUM:
                await deliver(hub, note)
            for failures in range(1, clock.MOST_FAILURES):
                await try_again(hub)
                await eventually(lambda n=failures: rows(hub, "SELECT failures FROM timers") == [(n,)])
            await try_again(hub)
            await eventually(lambda: rows(hub, "SELECT count(*) FROM timers") == [(0,)])
            reason = "could not be put together: IntegrityError: a fault of ours"
            assert rows(hub, "SELECT key, state, reason FROM quarantine ORDER BY key") == [
                ("note:1", "open", reason),
                ("note:2", "open", reason),
            ]
            assert rows(hub, "SELECT count(*) FROM fragments") == [(0,)]

            await change(hub, "DROP TRIGGER fault")
            for (item,) in rows(hub, "SELECT id FROM quarantine ORDER BY key"):
                assert await asyncio.to_thread(replay, hub, item) == Replayed("replayed", 1)
            await eventually(lambda: texts(hub) == ["one\ntwo"])

    run(test)


def test_a_timer_without_pieces_is_dropped_in_the_end(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            sql = "INSERT INTO timers (kind, subject, due_at, failures) VALUES ('assemble', ?, 0, ?)"
            await change(hub, sql, "pond\nno pieces", clock.MOST_FAILURES - 1)
            hub.clock.wake("")
            await eventually(lambda: rows(hub, "SELECT count(*) FROM timers") == [(0,)])
            assert rows(hub, "SELECT count(*) FROM quarantine") == [(0,)]

    run(test)
