"""Videos and moving pictures: handed over in pieces, asked after by later attempts, and never twice."""

import asyncio
from pathlib import Path

import pytest
from x_account import ADDRESS, ANA, SETTINGS, answering, during

from connectors.channels.x import X, uploading
from connectors.channels.x.simulator import Simulator
from connectors.channels.x.uploading import PIECE
from connectors.kit.base import File, Outbound
from connectors.kit.errors import KitError, Refused, Temporary
from connectors.kit.testing.simulator import Failure, Reply
from normalizer.errors import ErrorCode
from normalizer.parts import MediaKind, MediaPart
from normalizer.payload import Payload
from tests.background.heronry import eventually, rows
from tests.channels.beside import HOOK, running

VIDEO = MediaPart(attachment_id="a1", kind=MediaKind.VIDEO, media_type="video/mp4")


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def outbound(tmp_path: Path, octets: bytes = b"octets", kind: str = "video/mp4", delivery: str = "d") -> Outbound:
    path = tmp_path / "box"
    path.write_bytes(octets)
    file = File("a1", path, kind, "box", len(octets))
    return Outbound(token=f"{delivery}.1", address=ADDRESS, payload=Payload(media=(VIDEO,)), files={"a1": file})


def attempts(provider: Simulator, wanted: Outbound, times: int) -> list[str | KitError]:
    async def act(plugin: X) -> list[str | KitError]:
        ends: list[str | KitError] = []
        for _ in range(times):
            try:
                ends += (await plugin.send(wanted)).external_ids
            except KitError as error:
                ends.append(error)
        return ends

    return during(provider, act)


def paths(provider: Simulator) -> list[str]:
    return [one.path.partition("?")[0].rpartition("/")[2] for one in provider.requests]


def test_it_goes_in_pieces_of_four_mebibytes(provider, tmp_path):
    octets = bytes(PIECE) + b"x" * 100
    attempts(provider, outbound(tmp_path, octets), 1)
    assert paths(provider) == ["initialize", "append", "append", "finalize", "messages"]
    assert list(provider.uploads.values()) == [octets]
    (sent,) = provider.sent.values()
    assert sent == {"to": ANA, "attachments": [{"media_id": next(iter(provider.uploads))}]}


def test_while_x_works_on_it_the_message_is_put_off_and_it_is_uploaded_once(provider, tmp_path):
    provider.pieces.asked = 2
    *puts_off, name = attempts(provider, outbound(tmp_path), 3)
    assert [(type(one), one.alone, one.retry_after) for one in puts_off] == [(Temporary, True, None)] * 2
    assert list(provider.sent) == [name]
    assert paths(provider) == ["initialize", "append", "finalize", "upload", "upload", "messages"]
    assert provider.requests[3].path == f"/2/media/upload?command=STATUS&media_id={next(iter(provider.uploads))}"


def test_what_x_cannot_use_is_refused_with_its_words(provider, tmp_path):
    provider.pieces.failure = "file is corrupt"
    first, again = attempts(provider, outbound(tmp_path), 2)
    assert (type(first), first.code, first.detail) == (
        Refused,
        ErrorCode.MEDIA_UNSUPPORTED,
        "X cannot use the file: file is corrupt",
    )
    assert type(again) is Refused
    assert paths(provider) == ["initialize", "append", "finalize"] * 2


def test_what_x_forgot_meanwhile_is_uploaded_again(provider, tmp_path):
    provider.pieces.asked = 1
    wanted = outbound(tmp_path)

    async def act(plugin: X) -> None:
        with pytest.raises(Temporary, match="still works"):
            await plugin.send(wanted)
        provider.pieces._begun.clear()
        with pytest.raises(Temporary, match="uploaded again"):
            await plugin.send(wanted)
        await plugin.send(wanted)

    during(provider, act)
    assert paths(provider) == [
        "initialize",
        "append",
        "finalize",
        "upload",
        *("initialize", "append", "finalize", "messages"),
    ]


def test_a_message_that_has_to_wait_takes_its_file_along(provider, tmp_path):
    provider.next(Failure.RATE_LIMITED)
    refused, name = attempts(provider, outbound(tmp_path), 2)
    assert (type(refused), list(provider.sent)) == (Temporary, [name])
    assert paths(provider).count("initialize") == 1


def test_no_more_is_remembered_than_can_wait(provider, tmp_path, monkeypatch):
    monkeypatch.setattr(uploading, "MOST_REMEMBERED", 2)
    provider.pieces.asked = 10

    async def act(plugin: X) -> list[str]:
        for n in range(4):
            with pytest.raises(Temporary):
                await plugin.send(outbound(tmp_path, delivery=f"d{n}"))
        return list(plugin.uploads._begun)

    assert during(provider, act) == ["d2.1", "d3.1"]


@pytest.mark.parametrize(
    ("kind", "size", "code"),
    [
        ("image/gif", 15_000_001, ErrorCode.MEDIA_TOO_LARGE),
        ("video/mp4", 512_000_001, ErrorCode.MEDIA_TOO_LARGE),
        ("video/webm", 10, ErrorCode.MEDIA_UNSUPPORTED),
    ],
)
def test_what_x_does_not_take_never_leaves(provider, kind, size, code):
    file = File("a1", Path("/nowhere"), kind, "box", size)
    wanted = Outbound(token="d.1", address=ADDRESS, payload=Payload(media=(VIDEO,)), files={"a1": file})
    (refused,) = attempts(provider, wanted, 1)
    assert (type(refused), refused.code, provider.requests) == (Refused, code, [])


@pytest.mark.parametrize("reply", [Reply(500), Reply(200, b"<html>")])
def test_a_piece_that_was_not_taken_leaves_no_doubt(reply, tmp_path):
    with answering(reply) as failing:
        (refused,) = attempts(failing, outbound(tmp_path), 1)
    assert type(refused) is Temporary


def test_a_hub_sends_a_video_once_x_is_ready(tmp_path, provider):
    provider.pieces.asked = 1
    octets = b"\x00\x00\x00\x18ftypmp42" + bytes(100)

    async def test() -> None:
        async with running(tmp_path, "x", provider) as hub:
            assert await hub.heard(provider.genuine(provider.film(octets, ANA))) == 200
            await eventually(lambda: rows(hub.hub, "SELECT state FROM attachments") == [("stored",)])
            ((attachment,),) = rows(hub.hub, "SELECT id FROM attachments")
            part = MediaPart(attachment_id=attachment, kind=MediaKind.VIDEO, media_type="video/mp4")
            await hub.say("This one?", parts=(part,))
            await eventually(lambda: hub.statuses() == ["accepted"])
            assert list(provider.uploads.values()) == [octets]
            assert len(provider.sent) == 1

    asyncio.run(test())
