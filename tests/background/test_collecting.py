"""Polls that bring a whole message: kept, verified and parsed like a request, and its cursor committed with it."""

import asyncio
from collections.abc import AsyncGenerator
from hashlib import sha256
from pathlib import Path

import msgspec

from connectors.kit.collects import COLLECT, Collected
from connectors.kit.errors import BadSignature, Temporary
from connectors.kit.request import Request
from gateway.record.replay import replay
from tests.background.heronry import (
    Config,
    Note,
    PollingHeron,
    eventually,
    live,
    rows,
    run,
    running,
    settings_in,
    texts,
)
from tests.background.test_polling import cursor

POLLED = Config(polling=True)


class CollectingHeron(PollingHeron):
    """Each poll brings one note. `breaks` says after how many octets, one a poll; `closed` counts."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.breaks: list[int] = []
        self.closed = 0

    def verify(self, request: Request) -> None:
        if request.method != COLLECT or request.headers["note"] == "forged":
            raise BadSignature("not collected")

    async def poll(self, cursor: str | None) -> Collected:  # type: ignore[override]
        await super().poll(cursor)
        seen = int(cursor or 0)
        octets = msgspec.json.encode([self.notes[seen]])
        end = self.breaks.pop(0) if self.breaks else None
        return Collected(str(seen + 1), {"note": self.notes[seen].id}, _pieces(octets, end))

    async def close(self) -> None:
        self.closed += 1


async def _pieces(octets: bytes, end: int | None) -> AsyncGenerator[bytes, None]:
    for at in range(0, len(octets), 1000):
        if end is not None and at >= end:
            raise Temporary("the line broke")
        yield octets[at : at + 1000]


def test_a_small_message_is_recorded_with_its_cursor(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(CollectingHeron, config=POLLED)
        notes = [Note(id="1", text="one"), Note(id="2", text="two")]
        pond.plugin.writes(*notes)
        async with running(settings_in(tmp_path), pond) as hub:
            await eventually(lambda: cursor(hub) == "2")
            assert texts(hub) == ["one", "two"]
            assert rows(hub, "SELECT method, url, headers, body, sha256 FROM raws ORDER BY id") == [
                ("COLLECT", "collect://pond", b'{"note":"1"}', msgspec.json.encode(notes[:1]), None),
                ("COLLECT", "collect://pond", b'{"note":"2"}', msgspec.json.encode(notes[1:]), None),
            ]
        assert pond.plugin.closed >= 1

    run(test)


def test_a_large_message_goes_to_a_file_and_is_whole(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(CollectingHeron, config=POLLED)
        large = Note(id="1", text="fish " * 20_000)
        pond.plugin.writes(large)
        async with running(settings_in(tmp_path), pond) as hub:
            await eventually(lambda: cursor(hub) == "1")
            octets = msgspec.json.encode([large])
            assert rows(hub, "SELECT body, sha256 FROM raws") == [(octets[: 16 << 10], sha256(octets).hexdigest())]
            assert hub.files.path(sha256(octets).hexdigest()).read_bytes() == octets
            assert texts(hub) == [large.text]

    run(test)


def test_a_message_that_breaks_off_leaves_nothing_and_is_asked_for_again(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(CollectingHeron, config=POLLED)
        pond.plugin.breaks += [0, 80_000]
        pond.plugin.writes(Note(id="1", text="fish " * 20_000))
        async with running(settings_in(tmp_path), pond) as hub:
            await eventually(lambda: hub.polling.problem("pond"))
            assert hub.polling.problem("pond") == "Temporary: the line broke"
            assert (cursor(hub), rows(hub, "SELECT id FROM raws")) == (None, [])
            await eventually(lambda: cursor(hub) == "1")
            assert pond.plugin.cursors[:3] == [None, None, None]
            assert len(texts(hub)) == 1
            assert len(list(hub.files.hashes())) == 1
            assert not list(hub.files.folder.glob("*.coming"))

    run(test)


def test_a_message_the_plugin_refuses_stops_the_polls_where_they_are(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(CollectingHeron, config=POLLED)
        pond.plugin.writes(Note(id="forged", text="one"))
        async with running(settings_in(tmp_path), pond) as hub:
            await eventually(lambda: hub.polling.problem("pond") == "BadSignature: not collected")
            assert (cursor(hub), texts(hub)) == (None, [])

    run(test)


def test_a_message_that_cannot_be_read_is_quarantined_and_read_after_a_fix(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(CollectingHeron, config=POLLED)
        pond.plugin.writes(Note(id="1", text="la la", kind="song"))
        async with running(settings_in(tmp_path), pond) as hub:
            await eventually(lambda: cursor(hub) == "1")
            [(item, reason)] = rows(hub, "SELECT id, reason FROM quarantine")
            assert (reason, texts(hub)) == ("unknown kind song", [])
            pond.plugin.knows = ("plain", "song")
            replayed = await asyncio.to_thread(replay, hub, item)
            assert replayed is not None
            assert (replayed.state, replayed.recorded, texts(hub)) == ("replayed", 1, ["la la"])

    run(test)
