"""Files on their way out and in."""

from dataclasses import replace

import msgspec
import pytest
from slack_app import SETTINGS, Answering, during, text

from connectors.channels.slack import Slack
from connectors.channels.slack.simulator import Simulator
from connectors.kit.base import File
from connectors.kit.errors import (
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Temporary,
)
from connectors.kit.testing.simulator import Failure, Reply
from normalizer.errors import ErrorCode
from normalizer.parts import (
    LinkAction,
    MediaKind,
    MediaPart,
    PostbackAction,
    ReplyAction,
)
from normalizer.payload import Payload
from normalizer.render import render

PHOTO = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/jpeg")


def stored(folder, content=b"octets", name="box.jpg", url=None):
    path = folder / "a1"
    path.write_bytes(content)
    return File("a1", path, "image/jpeg", name, len(content), url)


def photo(file, **more):
    return text(payload=Payload(media=(PHOTO,)), files={"a1": file}, **more)


def test_what_was_uploaded_is_what_can_be_fetched(tmp_path):
    content = bytes(range(256)) * 5000
    with Simulator(SETTINGS) as provider:

        async def there_and_back(app):
            sent = await app.send(photo(stored(tmp_path, content)))
            fetched = await app.fetch("file:F1")
            return sent, fetched, b"".join([chunk async for chunk in fetched.chunks])

        sent, fetched, got = during(provider, there_and_back)
    assert sent.external_ids == ("U42:F1",)
    assert (fetched.name, fetched.media_type, fetched.size, got) == ("box.jpg", "image/jpeg", len(content), content)


def test_where_slack_names_the_message_of_a_file_it_goes_by_that(tmp_path):
    shares = {"private": {"D42": [{"ts": "9.000001"}]}}

    class Telling(Simulator):
        async def answer(self, request):
            if request.path == "/files.completeUploadExternal":
                return Reply.json({"ok": True, "files": [{"id": "F1", "shares": shares}]})
            return await super().answer(request)

    with Telling(SETTINGS) as provider:
        assert during(provider, lambda app: app.send(photo(stored(tmp_path)))).external_ids == ("D42:9.000001",)


@pytest.mark.parametrize("step", ["/files.getUploadURLExternal", "/upload/F1"])
def test_what_nobody_sees_yet_can_be_tried_again(tmp_path, step):
    class Failing(Simulator):
        async def answer(self, request):
            return Reply(500) if request.path == step else await super().answer(request)

    with Failing(SETTINGS) as provider:
        with pytest.raises(Temporary):
            during(provider, lambda app: app.send(photo(stored(tmp_path))))
        assert provider.requests[-1].path == step


def test_a_lost_answer_to_sharing_is_in_doubt(tmp_path):
    with Simulator(SETTINGS) as provider:
        provider.next(Failure.LOST_ANSWER)
        with pytest.raises(OutcomeUnknown):
            during(provider, lambda app: app.send(photo(stored(tmp_path))))
        assert len(provider.channels.messages) == 1


def test_a_file_that_vanished_is_refused_unsent(tmp_path):
    file = stored(tmp_path)
    file.path.unlink()
    with Simulator(SETTINGS) as provider:
        with pytest.raises(Refused) as error:
            during(provider, lambda app: app.send(photo(file)))
        assert (error.value.code, provider.requests) == (ErrorCode.MEDIA_UNREACHABLE, [])


def test_a_picture_beside_buttons_needs_a_public_address(tmp_path):
    outbound = photo(stored(tmp_path))
    asking = replace(outbound, payload=Payload(media=(PHOTO,), actions=(ReplyAction(label="ok"),)))
    with Simulator(SETTINGS) as provider, pytest.raises(Refused) as error:
        during(provider, lambda app: app.send(asking))
    assert error.value.code is ErrorCode.MEDIA_UNREACHABLE


def test_slack_takes_whatever_render_makes_by_the_capability(tmp_path):
    file = stored(tmp_path, url="https://hub.example.com/a1")
    parts = [replaced(PHOTO, kind) for kind in [*[MediaKind.IMAGE] * 11, *MediaKind]]
    actions = [
        ReplyAction(label="漢" * 75),
        ReplyAction(label="漢" * 76),
        PostbackAction(label="no", value="n" * 2000),
        LinkAction(label="see", url="https://example.com/"),
    ]
    words = "👋 漢字 & words <here> " * 700
    rendered = render(words, parts, actions, Slack.info.capability, reply=True, links={})

    async def send_all(app):
        return [await app.send(text(payload=payload, files={"a1": file})) for payload in rendered.payloads]

    with Simulator(SETTINGS) as provider:
        sent = during(provider, send_all)
        messages = list(provider.channels.messages.values())
    assert len(sent) == len(messages) == len(rendered.payloads)
    assert len(provider.channels.files) == len(parts)
    assert messages[-1]["blocks"][-1]["type"] == "actions"


def replaced(part, kind):
    return msgspec.structs.replace(part, kind=kind)


# --- fetching ---------------------------------------------------------------------------------------------------------


async def read(app, source):
    return b"".join([chunk async for chunk in (await app.fetch(source)).chunks])


class Redirecting(Simulator):
    """Sends whoever asks for a file elsewhere."""

    def __init__(self, elsewhere):
        super().__init__(SETTINGS)
        self.elsewhere = elsewhere

    async def answer(self, request):  # noqa: ARG002 - whatever is asked
        return Reply(302, b"", {"location": f"{self.elsewhere}/held"})


def test_the_token_does_not_follow_a_redirect():
    with Answering(Reply(200, b"octets", {"content-type": "image/png"})) as elsewhere:
        with Redirecting(elsewhere.url) as provider:

            async def act(app):
                app.tools.http._trusted |= {elsewhere.url}
                return await read(app, f"{provider.url}/files/F1")

            assert during(provider, act) == b"octets"
            assert provider.requests[0].headers["authorization"] == f"Bearer {SETTINGS['token']}"
        assert "authorization" not in elsewhere.requests[0].headers


@pytest.mark.parametrize(
    "source",
    ["https://files.slack.com.example.com/x", "https://example.com/x", "http://10.0.0.1/x", "nonsense", "ftp://x"],
)
def test_the_token_goes_to_slack_only(source):
    with Simulator(SETTINGS) as provider:
        with pytest.raises(Refused) as error:
            during(provider, lambda app: read(app, source))
        assert (error.value.code, provider.requests) == (ErrorCode.MEDIA_UNREACHABLE, [])


PAGE = {"content-type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("reply", "path", "kind"),
    [
        (Reply(200, b"<html>sign in", PAGE), "box.jpg", Temporary),
        (Reply(404), "box.jpg", Refused),
        (Reply(500), "box.jpg", Temporary),
        (Reply(403), "box.jpg", Misconfigured),
        (Reply(200, b"x" * 101), "box.jpg", Refused),
    ],
)
def test_what_is_not_the_file_is_told_apart(reply, path, kind):
    with Answering(reply) as provider, pytest.raises(kind):
        during(provider, lambda app: read(app, f"{provider.url}/files/{path}"), download_octets=100)


def test_a_page_somebody_sent_is_a_file():
    with Answering(Reply(200, b"<html>", PAGE)) as provider:
        assert during(provider, lambda app: read(app, f"{provider.url}/files/page.html")) == b"<html>"
