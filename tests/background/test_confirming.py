import asyncio
from pathlib import Path

from connectors.kit.errors import Refused
from connectors.kit.http import Exchange
from gateway.confirming import MOST, Confirming
from gateway.exchanges import keep_exchanges
from normalizer.codec import decoder
from tests.background.heronry import (
    ConfirmingHeron,
    Heron,
    Note,
    ago,
    deliver,
    eventually,
    live,
    read,
    rows,
    run,
    running,
    settings_in,
)

ITEMS = [read(Note(id=str(n)), ("plain",)) for n in range(3)]
KEYS = ["note:0", "note:1", "note:2"]


def test_what_was_recorded_is_confirmed_once_and_a_duplicate_is_not(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(ConfirmingHeron)
        async with running(settings_in(tmp_path), pond) as hub:
            await deliver(hub, Note(id="1"))
            await deliver(hub, Note(id="1"), Note(id="2"))
            await eventually(lambda: len(pond.plugin.confirmed) == 2)
        assert pond.plugin.confirmed == ["note:1", "note:2"]

    run(test)


def test_one_that_fails_harms_no_other() -> None:
    async def test() -> None:
        pond, confirming = live(ConfirmingHeron), Confirming()
        pond.plugin.brings = {"note:0": Refused("too old"), "note:1": ValueError("a fault")}
        confirming.confirm(pond, ITEMS)
        await confirming.stop()
        assert pond.plugin.confirmed == ["note:2"]

    run(test)


def test_beyond_the_bound_confirmations_are_dropped() -> None:
    async def test() -> None:
        pond, confirming = live(ConfirmingHeron), Confirming()
        pond.plugin.gate.clear()
        confirming.confirm(pond, ITEMS * 500)
        pond.plugin.gate.set()
        await confirming.stop()
        assert len(pond.plugin.confirmed) == MOST

    run(test)


def test_stopping_waits_briefly_and_then_begins_nothing_more() -> None:
    async def test() -> None:
        pond, confirming = live(ConfirmingHeron), Confirming()
        pond.plugin.gate.clear()
        confirming.confirm(pond, ITEMS)
        asyncio.get_running_loop().call_later(0.2, pond.plugin.gate.set)
        await confirming.stop()
        confirming.confirm(pond, ITEMS)
        await asyncio.sleep(0.05)
        assert pond.plugin.confirmed == KEYS

        stuck, confirming = live(ConfirmingHeron), Confirming()
        stuck.plugin.gate.clear()
        confirming.confirm(stuck, ITEMS)
        async with asyncio.timeout(5):
            await confirming.stop()
        assert stuck.plugin.confirmed == []

    run(test)


def test_a_plugin_without_the_ability_is_left_alone() -> None:
    async def test() -> None:
        confirming = Confirming()
        confirming.confirm(live(Heron), ITEMS)
        await confirming.stop()

    run(test)


def test_exchanges_are_kept_whole(tmp_path: Path) -> None:
    first = Exchange("pond", "a1", "GET", "https://example.com/***", "", 200, "{}", None, 1.5)
    second = Exchange("pond", None, "POST", "https://example.com/", "hi", None, "", "no connection", 10.0)

    async def test() -> None:
        async with running(settings_in(tmp_path)) as hub:
            hub.exchanges.keep(first)
            await asyncio.to_thread(hub.exchanges.keep, second)
            await asyncio.sleep(0)
            hub.exchanges.flush()
            await hub.writer.write(keep_exchanges, [])
            kept = rows(hub, "SELECT connector_id, subject, at, body FROM exchanges ORDER BY id")
            assert [row[:2] for row in kept] == [("pond", "a1"), ("pond", None)]
            assert all(ago(minutes=1) < row[2] <= ago() for row in kept)
            assert [decoder(Exchange).decode(row[3]) for row in kept] == [first, second]

    run(test)
