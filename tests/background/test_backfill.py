import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.kit.base import Polled, Tools
from connectors.kit.collects import COLLECT, Collected
from connectors.kit.errors import KitError, Misconfigured, Temporary
from connectors.kit.request import Request
from tests.background.heronry import (
    Config,
    Heron,
    Note,
    PollingHeron,
    change,
    deliver,
    eventually,
    live,
    read,
    rows,
    run,
    running,
    settings_in,
    texts,
)

OFTEN = "{backfill_every: 50ms}"


class MissedHeron(Heron):
    """Calls, and keeps what it wrote. The cursor counts the notes; `portion` bounds how many come at a time."""

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self.notes: list[Note] = []
        self.failures: list[Exception] = []
        self.cursors: list[str | None] = []
        self.portion = 100
        self.stays = False

    async def backfill(self, cursor: str | None) -> Polled:
        self.cursors.append(cursor)
        if self.failures:
            raise self.failures.pop(0)
        if cursor is None:
            return Polled([], str(len(self.notes)), b"[]")
        seen = int(cursor)
        news = self.notes[seen : seen + self.portion]
        after = seen if self.stays else seen + len(news)
        found = [read(note, self.knows) for note in news]
        return Polled(found, str(after), msgspec.json.encode(news), more=self.stays or after < len(self.notes))


class BothHeron(PollingHeron, MissedHeron):
    """Could be polled and backfilled."""


def cursor(hub: Any) -> str | None:
    found = rows(hub, "SELECT cursor FROM cursors WHERE connector_id = 'pond'")
    return found[0][0] if found else None


def test_the_first_start_takes_none_of_the_past_and_a_later_one_what_was_missed(tmp_path: Path) -> None:
    async def test() -> None:
        settings, before, after = settings_in(tmp_path), live(MissedHeron), live(MissedHeron)
        before.plugin.notes = [Note(id="1", text="long ago")]
        async with running(settings, before) as hub:
            await eventually(lambda: cursor(hub) == "1")
            assert (texts(hub), before.plugin.cursors) == ([], [None])
        after.plugin.notes = [*before.plugin.notes, Note(id="2", text="missed"), Note(id="3", text="this too")]
        async with running(settings, after) as hub:
            await eventually(lambda: cursor(hub) == "3")
            assert (texts(hub), after.plugin.cursors) == (["missed", "this too"], ["1"])
            assert rows(hub, "SELECT method, body FROM raws") == [("POLL", msgspec.json.encode(after.plugin.notes[1:]))]
            assert hub.backfilling.problem("pond") is None

    run(test)


def test_what_came_by_webhook_does_not_come_twice(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(MissedHeron)
        async with running(settings_in(tmp_path, OFTEN), pond) as hub:
            await eventually(lambda: cursor(hub) == "0")
            assert await deliver(hub, Note(id="1", text="by webhook")) == 200
            pond.plugin.notes = [Note(id="1", text="by webhook"), Note(id="2", text="missed")]
            await eventually(lambda: cursor(hub) == "2")
            assert texts(hub) == ["by webhook", "missed"]
            assert await deliver(hub, Note(id="2", text="missed")) == 200  # the webhook comes after all
            assert texts(hub) == ["by webhook", "missed"]

    run(test)


def test_it_is_asked_again_every_so_often(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(MissedHeron)
        async with running(settings_in(tmp_path, "{backfill_every: 1s}"), pond) as hub:
            for n in range(1, 4):
                pond.plugin.notes = [*pond.plugin.notes, Note(id=str(n), text=f"m{n}")]
                await eventually(lambda n=n: cursor(hub) == str(n))
            assert len(pond.plugin.cursors) <= 6

    run(test)


def test_portions_follow_each_other_at_once(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(MissedHeron)
        settings = settings_in(tmp_path)
        async with running(settings, pond) as hub:
            await eventually(lambda: cursor(hub) == "0")
        again = live(MissedHeron)
        again.plugin.notes = [Note(id=str(n), text=f"m{n}") for n in range(25)]
        again.plugin.portion = 10
        async with running(settings, again) as hub:
            await eventually(lambda: cursor(hub) == "25")
            assert texts(hub) == [f"m{n}" for n in range(25)]
            assert again.plugin.cursors == ["0", "10", "20"]

    run(test)


def test_more_without_a_step_forward_is_not_asked_for_without_end(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(MissedHeron)
        settings = settings_in(tmp_path)
        async with running(settings, pond) as hub:
            await eventually(lambda: cursor(hub) == "0")
        stuck = live(MissedHeron)
        stuck.plugin.notes, stuck.plugin.stays = [Note(id="1", text="once")], True
        async with running(settings, stuck) as hub:
            await eventually(lambda: texts(hub) == ["once"])
            await asyncio.sleep(0.2)
            assert stuck.plugin.cursors == ["0"]

    run(test)


def test_asked_again_after_a_crash_before_the_commit_it_is_recorded_once(tmp_path: Path) -> None:
    async def test() -> None:
        settings = settings_in(tmp_path)
        async with running(settings, live(MissedHeron)) as hub:
            await eventually(lambda: cursor(hub) == "0")
        for _ in range(2):
            pond = live(MissedHeron)
            pond.plugin.notes = [Note(id="1", text="one"), Note(id="2", text="two")]
            async with running(settings, pond) as hub:
                await eventually(lambda: cursor(hub) == "2")
                assert (texts(hub), pond.plugin.cursors) == (["one", "two"], ["0"])
                await change(hub, "UPDATE cursors SET cursor = '0'")  # as if it had not come so far

    run(test)


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (Temporary("no connection"), "Temporary: no connection"),
        (Temporary("slow down", retry_after=0.5), "Temporary: slow down"),
        (KitError("odd"), "KitError: odd"),
        (TimeoutError(), "TimeoutError: "),
        (ValueError("a fault of the plugin"), "plugin fault: ValueError"),
    ],
    ids=str,
)
def test_a_backfill_that_fails_is_shown_and_repeated_until_it_works(
    tmp_path: Path, error: Exception, shown: str
) -> None:
    async def test() -> None:
        pond = live(MissedHeron)
        pond.plugin.failures.append(error)
        async with running(settings_in(tmp_path), pond) as hub:
            await eventually(lambda: hub.backfilling.problem("pond"))
            assert hub.backfilling.problem("pond") == shown
            await eventually(lambda: cursor(hub) == "0")
            await eventually(lambda: hub.backfilling.problem("pond") is None)
            assert pond.plugin.cursors == [None, None]

    run(test)


def test_a_misconfigured_connector_waits_for_the_operator_whose_change_asks_at_once(tmp_path: Path) -> None:
    async def test() -> None:
        pond, mended = live(MissedHeron), live(MissedHeron)
        pond.plugin.failures += [Misconfigured("wrong token")] * 100
        async with running(settings_in(tmp_path), pond) as hub:
            await eventually(lambda: hub.backfilling.problem("pond") == "Misconfigured: wrong token")
            hub.connectors = {"pond": mended}
            await hub.lanes.renew()
            await hub.backfilling.renew()
            await eventually(lambda: cursor(hub) == "0")
            assert len(pond.plugin.cursors) == 1
            assert hub.backfilling.problem("pond") is None

    run(test)


def test_a_new_configuration_interrupts_only_what_changed(tmp_path: Path) -> None:
    async def test() -> None:
        pond, marsh, brook = (live(MissedHeron, name) for name in ("pond", "marsh", "brook"))
        async with running(settings_in(tmp_path), pond, marsh) as hub:
            await eventually(lambda: [pond.plugin.cursors, marsh.plugin.cursors] == [[None], [None]])
            hub.connectors = {"pond": pond, "brook": brook}
            await hub.lanes.renew()
            await hub.backfilling.renew()
            await eventually(lambda: brook.plugin.cursors)
            assert (pond.plugin.cursors, marsh.plugin.cursors) == ([None], [None])
            assert hub.backfilling.problem("marsh") is None

    run(test)


def test_who_is_polled_cannot_be_backfilled_or_is_not_to_be_is_left_alone(tmp_path: Path) -> None:
    async def test() -> None:
        polled, deaf = live(BothHeron, config=Config(polling=True)), live(Heron, "deaf")
        async with running(settings_in(tmp_path), polled, deaf) as hub:
            await eventually(lambda: polled.plugin.cursors)
            assert hub.backfilling._askers == {}
        never = live(MissedHeron, "never")
        async with running(settings_in(tmp_path, "{backfill_every: 0}"), never) as hub:
            await asyncio.sleep(0.1)
            assert never.plugin.cursors == []

    run(test)


@pytest.mark.engine("sqlite")
def test_an_item_the_store_refuses_is_quarantined_alone_and_the_cursor_moves_on(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(MissedHeron)
        async with running(settings_in(tmp_path, OFTEN), pond) as hub:
            await eventually(lambda: cursor(hub) == "0")
            await change(
                hub,
                "CREATE TRIGGER fault BEFORE INSERT ON external_ids WHEN NEW.external_id = '2'"
                " BEGIN SELECT RAISE(ABORT, 'a fault of ours'); END",
            )
            pond.plugin.notes = [Note(id=n, text=f"m{n}") for n in "123"]
            await eventually(lambda: cursor(hub) == "3")
            assert texts(hub) == ["m1", "m3"]
            assert len(rows(hub, "SELECT id FROM quarantine")) == 1

    run(test)


class CollectingHeron(MissedHeron):
    """Brings one whole note at a time."""

    def verify(self, request: Request) -> None:
        assert (request.method, request.url) == (COLLECT, "collect://pond")

    async def backfill(self, cursor: str | None) -> Polled | Collected:  # type: ignore[override]
        found = await super().backfill(cursor)
        if not found.inbound:
            return found
        return Collected(found.cursor, {}, _octets(found.raw))


async def _octets(raw: bytes) -> AsyncGenerator[bytes, None]:
    yield raw


def test_whole_messages_come_one_after_the_other_and_are_kept_as_they_are(tmp_path: Path) -> None:
    async def test() -> None:
        settings, again = settings_in(tmp_path), live(CollectingHeron)
        async with running(settings, live(CollectingHeron)) as hub:
            await eventually(lambda: cursor(hub) == "0")
        again.plugin.notes = [Note(id=str(n), text=f"m{n}") for n in range(3)]
        again.plugin.portion = 1
        async with running(settings, again) as hub:
            await eventually(lambda: again.plugin.cursors == ["0", "1", "2", "3"])
            assert texts(hub) == ["m0", "m1", "m2"]
            kept = [(COLLECT, msgspec.json.encode([note])) for note in again.plugin.notes]
            assert rows(hub, "SELECT method, body FROM raws ORDER BY received_at") == kept

    run(test)
