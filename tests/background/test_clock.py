import asyncio
import time
from pathlib import Path

from gateway.record.fragments import TIMER
from gateway.record.timers import subject_of
from tests.background.heronry import (
    Heron,
    Note,
    ago,
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

_SET = "INSERT INTO timers (kind, subject, due_at) VALUES (?, ?, ?)"


def test_pieces_are_put_together_after_a_quiet_second(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            await deliver(hub, Note(id="1", text="one", album="a"))
            await deliver(hub, Note(id="2", text="two", album="a"))
            began = time.monotonic()
            assert texts(hub) == []
            await eventually(lambda: texts(hub))
            assert 0.9 < time.monotonic() - began < 2
            assert (texts(hub), rows(hub, "SELECT * FROM timers")) == (["one\ntwo"], [])

    run(test)


def test_a_due_timer_runs_at_once_when_it_is_told_of(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            await deliver(hub, Note(id="1", text="one", album="a"))
            await change(hub, "UPDATE timers SET due_at = 0")
            hub.clock.wake("")
            await eventually(lambda: texts(hub) == ["one"], seconds=0.7)

    run(test)


def test_timers_survive_a_restart(tmp_path: Path) -> None:
    async def test() -> None:
        settings = settings_in(tmp_path)
        async with running(settings, live(Heron)) as hub:
            await deliver(hub, Note(id="1", text="one", album="a"))
        async with running(settings, live(Heron)) as hub:
            await eventually(lambda: texts(hub) == ["one"])

    run(test)


def test_timers_nobody_can_run_stay_and_keep_none_from_running(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            stale = [(TIMER, subject_of("gone", f"g{n}"), ago(days=1)) for n in range(300)]
            for timer in [*stale, ("unheard of", subject_of("pond", "x"), 0)]:
                await change(hub, _SET, *timer)
            await deliver(hub, Note(id="1", text="one", album="a"))
            await eventually(lambda: texts(hub) == ["one"])
            assert rows(hub, "SELECT count(*) FROM timers") == [(301,)]

    run(test)


def test_a_connector_that_comes_back_finds_its_timers(tmp_path: Path) -> None:
    async def test() -> None:
        settings = settings_in(tmp_path)
        async with running(settings, live(Heron)) as hub:
            await deliver(hub, Note(id="1", text="one", album="a"))
        async with running(settings) as hub:
            await asyncio.sleep(1.5)
            assert (texts(hub), len(rows(hub, "SELECT * FROM timers"))) == ([], 1)
            hub.connectors = {"pond": live(Heron)}
            await eventually(lambda: texts(hub) == ["one"])

    run(test)


def test_a_timer_that_fails_is_put_off_and_holds_up_no_other(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            await change(hub, _SET, TIMER, subject_of("pond", "no pieces"), 0)
            await deliver(hub, Note(id="1", text="one", album="a"))
            await eventually(lambda: texts(hub) == ["one"])
            ((subject, due_at),) = rows(hub, "SELECT subject, due_at FROM timers")
            assert subject == subject_of("pond", "no pieces")
            assert ago(seconds=-50) < due_at < ago(seconds=-61)

    run(test)


def test_a_clock_that_jumps_back_only_delays_and_an_idle_clock_is_idle(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            await change(hub, _SET, TIMER, subject_of("gone", "overdue"), 0)
            before = time.process_time()
            await asyncio.sleep(1.5)
            assert time.process_time() - before < 0.5
            await deliver(hub, Note(id="1", text="one", album="a"))
            await change(hub, "UPDATE timers SET due_at = ? WHERE subject LIKE 'pond%'", ago(days=-1))
            await asyncio.sleep(1.2)
            assert texts(hub) == []
            await change(hub, "UPDATE timers SET due_at = ? WHERE subject LIKE 'pond%'", ago(days=1))
            await eventually(lambda: texts(hub) == ["one"], seconds=2)  # nobody rang: the look after a second saw it

    run(test)
