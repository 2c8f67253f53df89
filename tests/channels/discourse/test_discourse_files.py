"""Files: shown in posts, fetched as the user who answers, and put into the forum before a post shows them."""

import asyncio
from pathlib import Path

import pytest
from forum import SETTINGS, answering, during, saying

from connectors.channels.discourse.simulator import Simulator, answered, failed
from connectors.channels.discourse.uploads import held
from connectors.kit.base import File, Outbound
from connectors.kit.errors import Misconfigured, Refused, Temporary
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import Media
from normalizer.parts import MediaKind, MediaPart
from normalizer.payload import Payload
from tests.background.heronry import eventually, rows
from tests.channels.beside import HOOK, running

BOX = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/png")


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def showing(file: File | None, *parts: MediaPart) -> Outbound:
    files = {} if file is None else {"a1": file}
    payload = Payload(text="This one?", media=parts or (BOX,))
    return Outbound(token="1.1", address=saying("").address, payload=payload, thread="77", files=files)


def box(path: Path = Path("/nowhere"), media_type: str = "image/png", size: int = 6) -> File:
    return File("a1", path, media_type, "box.png", size)


async def octets(plugin, source: str) -> bytes:
    return b"".join([chunk async for chunk in (await plugin.fetch(source)).chunks])


def test_a_picture_is_put_into_the_forum_and_shown_under_the_words(provider, tmp_path):
    (tmp_path / "a1").write_bytes(b"octets")
    during(provider, lambda plugin: plugin.send(showing(box(tmp_path / "a1"))))
    ((path, held_),) = provider.files.items()
    name = path.removeprefix("/uploads/short-url/")
    assert held_ == b"octets"
    assert provider.posts == [{"raw": f"This one?\n\n![box.png](upload://{name})", "topic_id": 77}]


@pytest.mark.parametrize(
    ("outbound", "code"),
    [
        (showing(None), ErrorCode.MEDIA_UNREACHABLE),
        (showing(box()), ErrorCode.MEDIA_UNREACHABLE),
        (showing(box(media_type="application/pdf")), ErrorCode.MEDIA_UNSUPPORTED),
        (showing(box(size=4096 * 1024 + 1)), ErrorCode.MEDIA_TOO_LARGE),
        (showing(box(), *[BOX] * 11), ErrorCode.CONTENT_UNSUPPORTED),
    ],
)
def test_what_the_forum_would_not_take_is_refused_before_anything_leaves(provider, outbound, code):
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: plugin.send(outbound))
    assert (raised.value.code, provider.requests) == (code, [])


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (failed(422, "Sorry, that file is too big."), Refused),
        (failed(403, "not allowed", "invalid_access"), Misconfigured),
        (Reply(502), Temporary),
        (answered({"short_url": "https://elsewhere.example.com/x.png"}), Temporary),
    ],
)
def test_a_file_the_forum_did_not_take_sends_no_post(reply, error, tmp_path):
    (tmp_path / "a1").write_bytes(b"octets")
    with answering(reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.send(showing(box(tmp_path / "a1"))))
    assert [request.path for request in provider.requests] == ["/uploads.json"]


@pytest.mark.parametrize(("status", "error"), [(403, Refused), (404, Refused), (502, Temporary)])
def test_a_file_that_cannot_be_had_says_why(status, error):
    with answering(Reply(status)) as provider, pytest.raises(error):
        during(provider, lambda plugin: octets(plugin, "upload://abc.png"))


@pytest.mark.parametrize("source", ["https://elsewhere.example.com/x.png", "upload://../admin", "upload://a.png?x=1"])
def test_only_the_forums_own_files_are_asked_for(provider, source):
    with pytest.raises(Refused):
        during(provider, lambda plugin: octets(plugin, source))
    assert provider.requests == []


def test_what_is_no_file_of_the_forums_stays_words():
    assert held("[a](https://example.com/x.png) ![b](/uploads/x.png) upload://c.png `d`") == ()
    (one,) = held("![](upload://c)")
    assert one == Media(source="upload://c", kind=MediaKind.IMAGE, media_type="application/octet-stream")


def test_no_more_files_than_a_post_may_have_are_kept():
    assert len(held(" ".join(f"![x](upload://a{number}.png)" for number in range(60)))) == 50


def test_a_picture_in_a_post_is_fetched(tmp_path, provider):
    async def test():
        provider.files["/uploads/short-url/abc.png"] = b"octets of a picture"
        async with running(tmp_path, "discourse", provider) as beside:
            await beside.heard(provider.genuine(provider.post("Broken: ![box|690x388](upload://abc.png)")))
            await eventually(lambda: rows(beside.hub, "SELECT state, size FROM attachments") == [("stored", 19)])

    asyncio.run(test())
