import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.live import LiveConnector
from gateway.receive import receive
from gateway.record.replay import Replayed, replay
from tests.background.heronry import (
    Config,
    Heron,
    Note,
    PollingHeron,
    WiserHeron,
    change,
    deliver,
    eventually,
    live,
    post,
    rows,
    run,
    running,
    settings_in,
    texts,
)

PLAIN, SONG, OTHER = Note(id="1", text="one"), Note(id="2", text="la la", kind="song"), Note(id="3", kind="dance")
FAULT = (
    "CREATE TRIGGER fault BEFORE INSERT ON external_ids WHEN NEW.external_id = '2'"
    " BEGIN SELECT RAISE(ABORT, 'a fault of ours'); END"
)


class WiserPolling(PollingHeron):
    knows = ("plain", "song")


def quarantined(hub: Any) -> list[tuple[str, str, str]]:
    return rows(hub, "SELECT key, state, reason FROM quarantine ORDER BY key")


def id_of(hub: Any, key: str = "note:2") -> str:
    return rows(hub, "SELECT id FROM quarantine WHERE key = ?", key)[0][0]


def mend(hub: Any, plugin: type[Heron]) -> LiveConnector:
    hub.connectors = {"pond": live(plugin)}
    return hub.connectors["pond"]


def test_an_item_is_recorded_after_the_fix_once_and_in_its_place(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            await deliver(hub, PLAIN, SONG)
            item = id_of(hub)
            mend(hub, WiserHeron)
            assert await asyncio.to_thread(replay, hub, item) == Replayed("replayed", 1)
            assert texts(hub) == ["one", "la la"]
            assert quarantined(hub) == [("note:2", "replayed", "unknown kind song")]
            ((replayed_at,),) = rows(hub, "SELECT replayed_at FROM quarantine")
            assert replayed_at
            assert await asyncio.to_thread(replay, hub, item) == Replayed("replayed", 0)
            assert await deliver(hub, PLAIN, SONG) == 200  # the provider comes again
            assert texts(hub) == ["one", "la la"]

    run(test)


def test_received_at_is_when_it_was_received(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            await deliver(hub, SONG)
            await change(hub, "UPDATE raws SET received_at = 1000000")
            mend(hub, WiserHeron)
            await asyncio.to_thread(replay, hub, id_of(hub))
            ((body,),) = rows(hub, "SELECT body FROM messages")
            assert msgspec.json.decode(body)["received_at"] == "1970-01-01T00:00:01Z"

    run(test)


def test_many_replays_at_once_record_once(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            await deliver(hub, SONG)
            mend(hub, WiserHeron)
            item = id_of(hub)
            results = await asyncio.gather(*(asyncio.to_thread(replay, hub, item) for _ in range(8)))
            assert sorted(result.recorded for result in results) == [0] * 7 + [1]
            assert {result.state for result in results} == {"replayed"}
            assert texts(hub) == ["la la"]

    run(test)


def test_without_a_fix_it_stays_open_and_a_redelivery_is_still_a_duplicate(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            await deliver(hub, PLAIN, SONG)
            assert await asyncio.to_thread(replay, hub, id_of(hub)) == Replayed("open", 0, "unknown kind song")
            assert await deliver(hub, PLAIN, SONG) == 200
            assert (texts(hub), quarantined(hub)) == (["one"], [("note:2", "open", "unknown kind song")])

    run(test)


def test_of_two_unreadable_items_one_fix_replays_one(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            await deliver(hub, SONG, OTHER)
            song, dance = id_of(hub), id_of(hub, "note:3")
            mend(hub, WiserHeron)
            assert await asyncio.to_thread(replay, hub, dance) == Replayed("open", 0, "unknown kind dance")
            assert await asyncio.to_thread(replay, hub, song) == Replayed("replayed", 1)
            assert [row[:2] for row in quarantined(hub)] == [("note:2", "replayed"), ("note:3", "open")]

    run(test)


def test_a_body_that_was_no_json_is_parsed_whole_after_the_fix(tmp_path: Path) -> None:
    class Lenient(Heron):
        def parse(self, request: Any) -> Any:
            return super().parse(post(request.body.removesuffix(b"!")))

    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            body = msgspec.json.encode([PLAIN, Note(id="4", text="four")]) + b"!"
            assert (await receive(hub, hub.connectors["pond"], post(body))).status == 200
            ((key, _, reason),) = quarantined(hub)
            item = id_of(hub, key)
            assert await asyncio.to_thread(replay, hub, item) == Replayed("open", 0, reason)
            mend(hub, Lenient)
            assert await asyncio.to_thread(replay, hub, item) == Replayed("replayed", 2)
            assert texts(hub) == ["one", "four"]

    run(test)


def test_a_plugin_that_fails_in_the_replay_leaves_it_open_with_the_new_reason(tmp_path: Path) -> None:
    class Faulty(Heron):
        def parse(self, _: Any) -> Any:
            raise RuntimeError("no feathers")

    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            await deliver(hub, SONG)
            mend(hub, Faulty)
            reason = "plugin fault: RuntimeError('no feathers')"
            assert await asyncio.to_thread(replay, hub, id_of(hub)) == Replayed("open", 0, reason)
            assert quarantined(hub) == [("note:2", "open", reason)]

    run(test)


@pytest.mark.engine("sqlite")
def test_what_the_store_refused_is_recorded_after_the_fix(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path), live(WiserHeron)) as hub:
            await change(hub, FAULT)
            assert await deliver(hub, PLAIN, SONG) == 200
            ((key, state, reason),) = quarantined(hub)
            assert (state, texts(hub)) == ("open", [])
            item = id_of(hub, key)
            assert await asyncio.to_thread(replay, hub, item) == Replayed("open", 0, reason)
            assert (quarantined(hub), len(rows(hub, "SELECT id FROM raws"))) == ([(key, "open", reason)], 1)
            await change(hub, "DROP TRIGGER fault")
            assert await asyncio.to_thread(replay, hub, item) == Replayed("replayed", 2)
            assert texts(hub) == ["one", "la la"]

    run(test)


@pytest.mark.engine("sqlite")
def test_refused_by_the_store_in_the_replay_the_key_still_refuses_redeliveries(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            await deliver(hub, SONG)
            await change(hub, FAULT)
            mend(hub, WiserHeron)
            result = await asyncio.to_thread(replay, hub, id_of(hub))
            assert result is not None
            assert (result.state, "a fault of ours" in (result.still or "")) == ("open", True)
            before = quarantined(hub)
            assert await deliver(hub, SONG) == 200
            assert (quarantined(hub), texts(hub)) == (before, [])
            await change(hub, "DROP TRIGGER fault")
            assert await asyncio.to_thread(replay, hub, id_of(hub)) == Replayed("replayed", 1)

    run(test)


def test_of_a_poll_the_item_alone_is_read_again(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(PollingHeron, config=Config(polling=True))
        pond.plugin.writes(PLAIN, SONG)
        async with running(settings_in(tmp_path), pond) as hub:
            await eventually(lambda: quarantined(hub))
            mend(hub, WiserPolling)
            assert await asyncio.to_thread(replay, hub, id_of(hub)) == Replayed("replayed", 1)
            assert texts(hub) == ["one", "la la"]

    run(test)


@pytest.mark.engine("sqlite")
def test_of_a_poll_an_item_the_store_refused_is_taken_as_it_was_read(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(WiserPolling, config=Config(polling=True))
        async with running(settings_in(tmp_path), pond) as hub:
            await change(hub, FAULT)
            pond.plugin.writes(PLAIN, SONG)
            ((key, _, _),) = await eventually(lambda: quarantined(hub))
            await change(hub, "DROP TRIGGER fault")
            assert await asyncio.to_thread(replay, hub, id_of(hub, key)) == Replayed("replayed", 1)
            assert texts(hub) == ["one", "la la"]

    run(test)


def test_what_cannot_be_replayed_says_why(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            await deliver(hub, SONG)
            item = id_of(hub)
            assert await asyncio.to_thread(replay, hub, "no such item") is None
            hub.connectors = {}
            assert await asyncio.to_thread(replay, hub, item) == Replayed(
                "open", 0, "connector 'pond' is not configured"
            )
            mend(hub, WiserHeron)
            await change(hub, "DELETE FROM raws")
            assert await asyncio.to_thread(replay, hub, item) == Replayed(
                "open", 0, "its raw request is no longer kept"
            )

    run(test)
