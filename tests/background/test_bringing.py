"""Requests that only say where a message lies: it is recorded in their place, before the provider hears of success."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest

from connectors.kit.collects import Collected
from connectors.kit.errors import BadPayload, KitError, Misconfigured, OutcomeUnknown, Refused, Temporary
from connectors.kit.request import Request
from gateway import bringing
from gateway.receive import receive
from tests.background.heronry import Heron, Note, live, post, request, rows, run, running, settings_in, texts

PLACE = b'[{"id": "0", "text": "it lies elsewhere"}]'


class BringingHeron(Heron):
    """`lies` is what the place holds, or what it raises; `hangs` says that it never gives it."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.lies: bytes | Exception = b""
        self.hangs = False

    def elsewhere(self, request: Request) -> Collected | None:
        if request.body != PLACE:
            return None
        if isinstance(self.lies, BadPayload):
            raise self.lies
        return Collected(None, {"x-token": "seed"}, self._chunks())

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        if self.hangs:
            await asyncio.Event().wait()
        if isinstance(self.lies, Exception):
            raise self.lies
        yield self.lies


def told(tmp_path: Path, lies: bytes | Exception, *, hangs: bool = False) -> tuple[int, list[str], list[str]]:
    """What the provider hears of a place, the texts that were recorded, and why something stands in quarantine."""
    ends: list[tuple[int, list[str], list[str]]] = []

    async def test() -> None:
        pond = live(BringingHeron)
        pond.plugin.lies, pond.plugin.hangs = lies, hangs
        async with running(settings_in(tmp_path), pond) as hub:
            heard = await receive(hub, pond, post(PLACE))
            reasons = [reason for (reason,) in rows(hub, "SELECT reason FROM quarantine")]
            ends.append((heard.status, texts(hub), reasons))

    run(test)
    return ends[0]


def test_the_message_is_recorded_instead(tmp_path: Path) -> None:
    assert told(tmp_path, msgspec.json.encode([Note(id="1", text="whole")])) == (200, ["whole"], [])


def test_a_request_that_says_everything_stands_for_itself(tmp_path: Path) -> None:
    async def test() -> None:
        pond = live(BringingHeron)
        async with running(settings_in(tmp_path), pond) as hub:
            assert (await receive(hub, pond, request(Note(id="1", text="all")))).status == 200
            assert texts(hub) == ["all"]
            assert rows(hub, "SELECT method FROM raws") == [("POST",)]

    run(test)


@pytest.mark.parametrize("error", [Temporary("busy"), OutcomeUnknown("lost"), Misconfigured("no permission")])
def test_what_may_still_be_had_is_not_acknowledged(tmp_path: Path, error: KitError) -> None:
    assert told(tmp_path, error) == (503, [], [])


def test_nobody_is_waited_for_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bringing, "LONGEST", 0.05)
    assert told(tmp_path, b"", hangs=True) == (503, [], [])


def test_what_can_never_be_had_is_quarantined(tmp_path: Path) -> None:
    assert told(tmp_path, Refused("gone")) == (200, [], ["the message it stands for cannot be had: gone"])


def test_what_does_not_read_as_a_place_is_parsed(tmp_path: Path) -> None:
    assert told(tmp_path, BadPayload("no place")) == (200, ["it lies elsewhere"], [])
