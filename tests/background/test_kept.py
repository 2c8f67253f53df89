"""A secret that stands in what a provider posts is compared, and kept nowhere."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace as changed
from typing import Any

import msgspec
import pytest

from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.redact import without_field
from connectors.kit.request import Request, decode
from gateway.receive import receive, receive_blocking
from gateway.record.replay import replay
from normalizer.inbound import Inbound
from tests.background.heronry import Heron, Note, live, post, read, rows, running, settings_in, texts

WORD = "a-word-nobody-else-knows"


class Cry(msgspec.Struct, frozen=True):
    notes: list[Note]
    secret: str = ""


CRY = msgspec.json.Decoder(Cry)


class WhisperingHeron(Heron):
    """Says its secret with every note."""

    def verify(self, request: Request) -> None:
        try:
            said = decode(request.body, CRY).secret
        except BadPayload:
            said = ""
        if said != WORD:
            raise BadSignature

    def kept(self, request: Request) -> Request:
        return changed(request, body=without_field(request.body, "secret"))

    def parse(self, request: Request) -> Sequence[Inbound]:
        assert WORD.encode() not in request.body
        return [read(note, self.knows) for note in decode(request.body, CRY).notes]


class WiserWhisperer(WhisperingHeron):
    knows = ("plain", "song")


def cry(*notes: Note, secret: str = WORD) -> Request:
    return post(msgspec.json.encode({"secret": secret, "notes": notes}))


async def heard(hub: Any, request: Request, *, blocking: bool) -> int:
    connector = hub.connectors["pond"]
    if blocking:
        return (await asyncio.to_thread(receive_blocking, hub, connector, request)).status
    return (await receive(hub, connector, request)).status


@pytest.mark.parametrize("blocking", [False, True])
def test_a_secret_in_the_body_is_nowhere_in_the_store_and_what_was_set_aside_can_be_read_again(
    tmp_path, blocking
) -> None:
    async def test() -> None:
        settings = settings_in(tmp_path)
        song, plain = Note(id="1", kind="song", text="la"), Note(id="2", text="Hello")
        async with running(settings, live(WhisperingHeron)) as hub:
            assert await heard(hub, cry(song, plain), blocking=blocking) == 200
            assert await heard(hub, cry(plain, secret="guessed"), blocking=blocking) == 403
            assert texts(hub) == ["Hello"]
            assert rows(hub, "SELECT body FROM raws") == [
                (msgspec.json.encode({"secret": "***", "notes": (song, plain)}),)
            ]
        async with running(settings, live(WiserWhisperer)) as hub:
            ((item,),) = rows(hub, "SELECT id FROM quarantine")
            again = await asyncio.to_thread(replay, hub, item)
            assert again is not None
            assert (again.state, again.recorded) == ("replayed", 1)
            assert texts(hub) == ["Hello", "la"]
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert [path for path in files if WORD.encode() in path.read_bytes()] == []

    asyncio.run(test())
