import asyncio
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.base import Fetched
from connectors.kit.errors import Misconfigured, OutcomeUnknown, Refused, Temporary, Unreachable
from gateway.receive import receive
from gateway.record.attachments import Claim, Stored, claim, settle
from gateway.store.times import SECOND, from_us, now
from normalizer.errors import ErrorCode
from tests.background.heronry import (
    FetchingHeron,
    Heron,
    Note,
    ago,
    change,
    chunks_of,
    deliver,
    events,
    eventually,
    live,
    request,
    rows,
    run,
    running,
    settings_in,
)

FISH = b"a picture of a fish"
HASH = sha256(FISH).hexdigest()


def fish(**told: Any) -> Fetched:
    return Fetched(chunks_of(FISH[:5], FISH[5:]), **told)


def attachments(hub: Any) -> list[tuple[Any, ...]]:
    return rows(hub, "SELECT state, sha256, size, media_type, name, error, attempts FROM attachments ORDER BY id")


def waits(hub: Any) -> float:
    """Seconds until the only file is due."""
    ((due_at,),) = rows(hub, "SELECT due_at FROM attachments")
    return (from_us(due_at) - now()).total_seconds()


def test_a_file_is_fetched_stored_and_told_in_the_conversation(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(FetchingHeron)
        pond.plugin.files["f1"] = [fish(media_type="image/webp; q=1", name="other.webp")]
        async with running(settings_in(tmp_path), pond) as hub:
            assert await deliver(hub, Note(id="1", text="look", file="f1")) == 200
            (event,) = await eventually(lambda: events(hub, "attachment.stored"))
            ((id_, message_id),) = rows(hub, "SELECT id, message_id FROM attachments")
            ((conversation_id,),) = rows(hub, "SELECT id FROM conversations")
            ((sequence,),) = rows(hub, "SELECT max(sequence) FROM events")
            assert event["data"] == {
                "attachment": {
                    "id": id_,
                    "sha256": HASH,
                    "media_type": "image/webp",
                    "size": len(FISH),
                    "name": "fish.png",
                    "state": "stored",
                    "error": None,
                },
                "message_id": message_id,
            }
            assert (event["subject"], event["source"]) == (id_, f"/conversations/{conversation_id}")
            assert (event["sequence"], event["connector"]) == (f"{sequence:020d}", "pond")
            assert attachments(hub) == [("stored", HASH, len(FISH), "image/webp", "fish.png", None, 0)]
            assert hub.files.path(HASH).read_bytes() == FISH
            ((body,),) = rows(hub, "SELECT body FROM messages")
            assert b'"media_type":"image/png"' in body  # the message stays as it was written

    run(test)


@pytest.mark.parametrize("told", [None, "application/octet-stream", "nonsense", "text/html\r\nx: y"])
def test_a_type_that_says_nothing_leaves_the_one_of_the_message(tmp_path: Path, told: str | None) -> None:
    async def test() -> None:
        pond = live(FetchingHeron)
        pond.plugin.files["f1"] = [fish(media_type=told)]
        async with running(settings_in(tmp_path), pond) as hub:
            await deliver(hub, Note(id="1", file="f1"))
            await eventually(lambda: events(hub, "attachment.stored"))
            assert attachments(hub) == [("stored", HASH, len(FISH), "image/png", "fish.png", None, 0)]

    run(test)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Refused("gone", code=ErrorCode.MEDIA_UNREACHABLE), "media_unreachable"),
        (Unreachable("nobody"), "unreachable"),
        (lambda: Fetched(chunks_of(FISH), size=10_000), "media_too_large"),
        (lambda: Fetched(chunks_of(bytes(10_000))), "media_too_large"),
        (lambda: Fetched(chunks_of(FISH, Refused("larger", code=ErrorCode.MEDIA_TOO_LARGE))), "media_too_large"),
    ],
)
def test_what_is_refused_fails_at_once_and_is_no_event(tmp_path: Path, error: Any, code: str) -> None:
    async def test() -> None:
        pond = live(FetchingHeron)
        pond.plugin.files["f1"] = [error if isinstance(error, Exception) else error()]
        async with running(settings_in(tmp_path, "{file: 1000}"), pond) as hub:
            await deliver(hub, Note(id="1", file="f1"))
            await eventually(lambda: attachments(hub)[0][0] != "pending")
            assert attachments(hub) == [("failed", None, None, "image/png", "fish.png", code, 0)]
            assert (pond.plugin.asked, events(hub, "attachment.stored")) == (["f1"], [])
            assert [path for path in hub.settings.files.rglob("*") if path.is_file()] == []

    run(test)


def test_a_plugin_that_fetches_nothing_fails_its_files(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path), live(Heron)) as hub:
            await deliver(hub, Note(id="1", file="f1"))
            await eventually(lambda: attachments(hub)[0][0] == "failed")
            assert attachments(hub)[0][5] == "media_unsupported"

    run(test)


@pytest.mark.parametrize(
    "error",
    [
        Temporary("no connection"),
        OutcomeUnknown("reset"),
        Misconfigured("wrong token"),
        OSError(28, "No space left on device"),
        ValueError("a fault of the plugin"),
        lambda: Fetched(chunks_of(FISH[:5], Temporary("broken off"))),
    ],
    ids=lambda error: type(error).__name__ if isinstance(error, Exception) else "Fetched",
)
def test_what_fails_for_now_comes_again(tmp_path: Path, error: Any) -> None:
    async def test() -> None:
        pond = live(FetchingHeron)
        pond.plugin.files["f1"] = [error if isinstance(error, Exception) else error(), fish()]
        async with running(settings_in(tmp_path), pond) as hub:
            await deliver(hub, Note(id="1", file="f1"))
            await eventually(lambda: attachments(hub)[0][6] == 1)
            assert attachments(hub)[0][0] == "pending"
            assert 0 < waits(hub) <= 1
            await eventually(lambda: attachments(hub)[0][0] == "stored")
            assert pond.plugin.asked == ["f1", "f1"]
            assert attachments(hub)[0][5] is None

    run(test)


def test_told_to_wait_the_connector_fetches_nothing_so_long_and_no_attempt_is_spent(tmp_path: Path) -> None:
    async def test() -> None:
        pond, marsh = live(FetchingHeron), live(FetchingHeron, "marsh")
        pond.plugin.files |= {"f1": [Temporary("slow down", retry_after=120)], "f2": [fish()]}
        marsh.plugin.files["f3"] = [fish()]
        async with running(settings_in(tmp_path), pond, marsh) as hub:
            await deliver(hub, Note(id="1", file="f1"))
            await eventually(lambda: waits(hub) > 100)
            await deliver(hub, Note(id="2", file="f2"))
            await deliver(hub, Note(id="3", file="f3"), to="marsh")
            await eventually(lambda: events(hub, "attachment.stored"))
            assert (pond.plugin.asked, marsh.plugin.asked) == (["f1"], ["f3"])
            assert rows(hub, "SELECT attempts, error FROM attachments WHERE source = 'f1'") == [(0, "provider_down")]

    run(test)


def test_after_a_day_what_keeps_failing_has_failed(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(FetchingHeron)
        pond.plugin.files["f1"] = [Temporary("no connection"), Temporary("no connection")]
        async with running(settings_in(tmp_path), pond) as hub:
            await deliver(hub, Note(id="1", file="f1"))
            await eventually(lambda: attachments(hub)[0][6] == 1)
            await change(hub, "UPDATE attachments SET created_at = ?, due_at = 0", ago(hours=25))
            await eventually(lambda: attachments(hub)[0][0] == "failed")
            assert attachments(hub)[0][5] == "provider_down"

    run(test)


def test_misconfigured_for_days_the_files_still_wait_for_the_operator(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(FetchingHeron)
        pond.plugin.files["f1"] = [Misconfigured("wrong token")]
        async with running(settings_in(tmp_path), pond) as hub:
            await deliver(hub, Note(id="1", file="f1"))
            await eventually(lambda: attachments(hub)[0][6] == 1)
            await change(hub, "UPDATE attachments SET created_at = ?, due_at = 0, attempts = 40", ago(days=3))
            await eventually(lambda: attachments(hub)[0][6] == 41)
            assert attachments(hub)[0][0] == "pending"
            assert 1790 < waits(hub) < 3601

    run(test)


def test_a_connector_fetches_four_at_once_and_holds_up_no_other(tmp_path: Path) -> None:
    async def test() -> None:
        pond, marsh = live(FetchingHeron), live(FetchingHeron, "marsh")
        pond.plugin.gate.clear()
        pond.plugin.files |= {f"f{n}": [fish()] for n in range(1, 10)}
        marsh.plugin.files["f0"] = [fish()]
        async with running(settings_in(tmp_path), pond, marsh) as hub:
            await deliver(hub, *(Note(id=str(n), file=f"f{n}") for n in range(1, 10)))
            await deliver(hub, Note(id="0", file="f0"), to="marsh")
            await eventually(lambda: len(events(hub, "attachment.stored")) == 1)
            assert pond.plugin.at_once == 4
            pond.plugin.gate.set()
            await eventually(lambda: len(events(hub, "attachment.stored")) == 10)
            assert (sorted(pond.plugin.asked), pond.plugin.most_at_once) == ([f"f{n}" for n in range(1, 10)], 4)

    run(test)


def test_stopped_in_the_middle_the_next_start_fetches_at_once(tmp_path: Path) -> None:
    async def test() -> None:
        settings, stalled, pond = settings_in(tmp_path), live(FetchingHeron), live(FetchingHeron)
        stalled.plugin.gate.clear()
        async with running(settings, stalled) as hub:
            await deliver(hub, Note(id="1", file="f1"))
            await eventually(lambda: stalled.plugin.asked)
            assert waits(hub) > 6
        pond.plugin.files["f1"] = [fish()]
        async with running(settings, pond) as hub:
            await eventually(lambda: attachments(hub)[0][0] == "stored", seconds=3)

    run(test)


def test_what_another_process_has_claimed_is_left_to_it_until_its_lease_lapses(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(FetchingHeron)
        pond.plugin.files["f1"] = [fish()]
        async with running(settings_in(tmp_path)) as hub:
            await receive(hub, pond, request(Note(id="1", file="f1")))
            (wanted,) = await hub.writer.write(claim, Claim("pond", room=4, seconds=2.0))
            hub.connectors = {"pond": pond}
            await asyncio.sleep(1.2)
            assert (wanted.source, pond.plugin.asked) == ("f1", [])
            await eventually(lambda: attachments(hub)[0][0] == "stored", seconds=3)

    run(test)


def test_two_claims_never_give_the_same_file(tmp_path: Path) -> None:
    async def test() -> None:
        async with running(settings_in(tmp_path)) as hub:
            await receive(hub, live(Heron), request(*(Note(id=str(n), file=f"f{n}") for n in range(5))))
            claims = [hub.writer.write(claim, Claim("pond", 3, 60)) for _ in range(4)]
            sources = [[wanted.source for wanted in claimed] for claimed in await asyncio.gather(*claims)]
            assert sources == [["f0", "f1", "f2"], ["f3", "f4"], [], []]

    run(test)


def test_stored_twice_is_told_once(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(FetchingHeron)
        pond.plugin.files["f1"] = [fish()]
        async with running(settings_in(tmp_path), pond) as hub:
            await deliver(hub, Note(id="1", file="f1"))
            await eventually(lambda: events(hub, "attachment.stored"))
            ((id_,),) = rows(hub, "SELECT id FROM attachments")
            await hub.writer.write(settle, Stored(id_, pond.place, os.urandom(32).hex(), 1, "text/plain", None))
            assert len(events(hub, "attachment.stored")) == 1
            assert attachments(hub)[0][1] == HASH

    run(test)


def test_a_long_fetch_keeps_its_lease(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(FetchingHeron)
        pond.plugin.gate.clear()
        pond.plugin.files["f1"] = [fish()]
        async with running(settings_in(tmp_path), pond) as hub:
            await deliver(hub, Note(id="1", file="f1"))
            await eventually(lambda: pond.plugin.asked)
            before = await eventually(lambda: rows(hub, "SELECT due_at FROM attachments")[0][0])
            await eventually(lambda: rows(hub, "SELECT due_at FROM attachments")[0][0] > before + SECOND // 2, 15)
            assert pond.plugin.asked == ["f1"]
            pond.plugin.gate.set()

    run(test)
