import asyncio
from dataclasses import replace

import msgspec
import pytest
from slack_app import CHANNEL, MINA, SETTINGS, Answering, during, text

from connectors.channels.slack import Slack
from connectors.channels.slack.refusals import ERRORS
from connectors.channels.slack.simulator import Simulator, refusal
from connectors.kit.base import File, OutboundEdit, OutboundReaction
from connectors.kit.errors import (
    KitError,
    Misconfigured,
    OptedOut,
    OutcomeUnknown,
    Refused,
    Temporary,
    Unreachable,
)
from connectors.kit.testing.simulator import Failure, Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import (
    CallAction,
    Card,
    LinkAction,
    LocationPart,
    MediaKind,
    MediaPart,
    PostbackAction,
    ReplyAction,
)
from normalizer.payload import Payload
from normalizer.render import render

PHOTO = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/jpeg")


def body(request):
    return msgspec.json.decode(request.body)


def refused(reply, act=lambda app: app.send(text())):
    with Answering(reply) as provider, pytest.raises(KitError) as error:
        during(provider, act)
    return error.value


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        ("invalid_auth", Misconfigured, ErrorCode.AUTH_FAILED),
        ("token_revoked", Misconfigured, ErrorCode.AUTH_FAILED),
        ("missing_scope", Misconfigured, ErrorCode.MISCONFIGURED),
        ("service_unavailable", Temporary, ErrorCode.PROVIDER_DOWN),
        ("internal_error", OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        ("fatal_error", OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        ("channel_not_found", Unreachable, ErrorCode.INVALID_ADDRESS),
        ("not_in_channel", Unreachable, ErrorCode.UNREACHABLE),
        ("is_archived", Unreachable, ErrorCode.UNREACHABLE),
        ("restricted_action", Refused, ErrorCode.POLICY_REJECTED),
        ("restricted_action_thread_locked", OptedOut, ErrorCode.OPTED_OUT),
        ("msg_too_long", Refused, ErrorCode.CONTENT_UNSUPPORTED),
        ("invalid_blocks", Refused, ErrorCode.CONTENT_UNSUPPORTED),
        ("file_type_not_allowed", Refused, ErrorCode.MEDIA_UNSUPPORTED),
        ("something_new", Refused, ErrorCode.UNKNOWN),
    ],
)
def test_every_refusal_has_its_name(error, kind, code):
    raised = refused(refusal(error))
    assert (type(raised), raised.code, raised.provider_code, raised.detail) == (kind, code, error, error)


def test_a_refusal_tells_which_scope_is_missing():
    reply = Reply.json({"ok": False, "error": "missing_scope", "needed": "chat:write", "provided": "files:read"})
    assert refused(reply).detail == "missing_scope: needs chat:write"


@pytest.mark.parametrize(
    ("reply", "wait"),
    [
        (refusal("ratelimited", 429, retry_after="17"), 17),
        (refusal("ratelimited", 200), 30),
        (Reply(429, b"slow down", {"retry-after": "0"}), 1),
        (Reply(429, b"slow down", {"retry-after": "soon"}), 30),
    ],
)
def test_too_many_requests_say_how_long_to_wait(reply, wait):
    error = refused(reply)
    assert (type(error), error.retry_after, error.code) == (Temporary, wait, ErrorCode.RATE_LIMITED)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(500, b"<html>"), OutcomeUnknown),
        (refusal("channel_not_found", 503), OutcomeUnknown),
        (refusal("service_unavailable", 503), Temporary),
        (Reply(302, b"", {"location": "https://example.com"}), OutcomeUnknown),
        (Reply(403, b"<html>"), Misconfigured),
        (Reply(418, b"I'm a teapot"), Refused),
        (Reply(200, b""), OutcomeUnknown),
        (Reply(200, b"null"), OutcomeUnknown),
        (Reply(200, b'{"ok":true}'), OutcomeUnknown),
        (Reply(200, b'{"ok":false}'), OutcomeUnknown),
    ],
)
def test_an_answer_that_is_not_slacks_speaks_by_its_status(reply, kind):
    assert type(refused(reply)) is kind


@pytest.mark.parametrize("status", [200, 500])
def test_asking_leaves_nothing_in_doubt(status):
    error = refused(refusal("internal_error", status), lambda app: app.check())
    assert type(error) is Temporary


def test_every_error_is_of_a_kind_the_hub_knows():
    for error in ERRORS:
        assert isinstance(refused(refusal(error)), KitError)


def test_errors_hold_on_to_nothing():
    error = refused(refusal("channel_not_found"))
    assert (error.__cause__, error.__context__) == (None, None)


@pytest.mark.parametrize("value", ["", "mina", "#general", "C1/../x", "u42", "S42", "U42\n"])
def test_an_address_that_is_none_is_unreachable_unsent(value):
    with Simulator(SETTINGS) as provider:
        with pytest.raises(Unreachable) as error:
            during(provider, lambda app: app.send(text(address=Address(scheme="slack", value=value))))
        assert (error.value.code, provider.requests) == (ErrorCode.INVALID_ADDRESS, [])


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (Payload(location=LocationPart(latitude=1.0, longitude=2.0)), ErrorCode.CONTENT_UNSUPPORTED),
        (Payload(text="hi", actions=(CallAction(label="call", number="+31612345678"),)), ErrorCode.CONTENT_UNSUPPORTED),
        (Payload(media=(PHOTO,)), ErrorCode.MEDIA_UNREACHABLE),
        (Payload(cards=(Card(title="t", image="a1"),)), ErrorCode.MEDIA_UNREACHABLE),
        (Payload(cards=(Card(title="t"),) * 51), ErrorCode.CONTENT_UNSUPPORTED),
    ],
)
def test_what_one_request_cannot_hold_is_refused_unsent(payload, code):
    with Simulator(SETTINGS) as provider:
        with pytest.raises(Refused) as error:
            during(provider, lambda app: app.send(replace(text(), payload=payload)))
        assert (error.value.code, provider.requests) == (code, [])


# --- threads ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "thread", "reply_to", "wanted"),
    [
        (CHANNEL, "9.000001", None, "9.000001"),
        (CHANNEL, "9.000001", "C42:10.000001", "9.000001"),
        (CHANNEL, None, "C42:10.000001", "10.000001"),
        (CHANNEL, None, "C43:10.000001", None),
        (MINA, None, "D42:10.000001", "10.000001"),
        (MINA, None, "C42:10.000001", None),
        (MINA, None, "U42:F1", None),
        (MINA, None, "action:D42:9.000001:U42:10.000001:00", None),
    ],
)
def test_a_message_stands_in_its_thread_or_begins_that_of_what_it_quotes(address, thread, reply_to, wanted):
    outbound = text(address=address, thread=thread, reply_to=reply_to, payload=Payload(text="yes", quotes=True))
    with Simulator(SETTINGS) as provider:
        during(provider, lambda app: app.send(outbound))
        (sent,) = provider.requests
    assert body(sent).get("thread_ts") == wanted


def test_previews_of_links_can_be_switched_off():
    with Simulator(SETTINGS) as provider:
        during(provider, lambda app: app.send(text("see example.com")), unfurl=False)
        (sent,) = provider.requests
    wanted = {"channel": "U42", "text": "see example.com", "mrkdwn": False}
    assert body(sent) == {**wanted, "unfurl_links": False, "unfurl_media": False}


# --- edits and reactions ----------------------------------------------------------------------------------------------


def test_an_edit_changes_what_was_sent():
    with Simulator(SETTINGS) as provider:

        async def twice(app):
            (name,) = (await app.send(text("first"))).external_ids
            edit = OutboundEdit(token="e-0", address=MINA, payload=Payload(text="second"), external_id=name)
            return name, (await app.edit(edit)).external_ids

        name, edited = during(provider, twice)
        (message,) = provider.channels.messages.values()
    assert edited == (name,)
    assert message["text"] == "second"


@pytest.mark.parametrize("name", ["U42:F1", "action:C1:9.1:U1:9.2:00", "9.1"])
def test_what_has_no_ts_is_neither_edited_nor_reacted_to(name):
    edit = OutboundEdit(token="e-0", address=MINA, payload=Payload(text="new"), external_id=name)
    with Simulator(SETTINGS) as provider:
        for act in (lambda app: app.edit(edit), lambda app: app.react(OutboundReaction(MINA, name, "👍"))):
            with pytest.raises(Refused, match="not the name of a message"):
                during(provider, act)
        assert provider.requests == []


def test_reactions_are_added_once_and_all_of_ours_taken_back():
    with Simulator(SETTINGS) as provider:

        async def react(app):
            for reaction in ("👍", "👍", "❤", None, None):
                await app.react(OutboundReaction(CHANNEL, "C42:9.000001", reaction))

        during(provider, react)
        asked = [request.path for request in provider.requests]
        assert provider.channels.reactions == {("C42", "9.000001"): []}
    assert asked == [
        *("/reactions.add",) * 3,
        *("/auth.test", "/reactions.get", "/reactions.remove", "/reactions.remove"),
        "/reactions.get",
    ]


def test_a_reaction_slack_does_not_know_is_refused():
    with Simulator(SETTINGS) as provider, pytest.raises(Refused) as error:
        during(provider, lambda app: app.react(OutboundReaction(CHANNEL, "C42:9.000001", "🧊")))
    assert (error.value.code, error.value.provider_code) == (ErrorCode.CONTENT_UNSUPPORTED, "invalid_name")


# --- files ------------------------------------------------------------------------------------------------------------


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


def test_a_check_tells_whose_token_it_is():
    with Simulator(SETTINGS) as provider:
        account = during(provider, lambda app: app.check())
    assert (account.name, account.details) == ("support", {"team": "Example", "team_id": "T1"})


def test_a_wrong_token_is_told():
    with Simulator(SETTINGS) as provider, pytest.raises(Misconfigured, match="invalid_auth"):
        during(provider, lambda app: app.check(), token="xoxb-other")


def test_many_sends_at_once_are_each_sent_once():
    with Simulator(SETTINGS) as provider:

        async def burst(app):
            sent = await asyncio.gather(*(app.send(text(f"n {n}")) for n in range(50)))
            return {one.external_ids for one in sent}

        assert len(during(provider, burst)) == 50
        assert {message["text"] for message in provider.channels.messages.values()} == {f"n {n}" for n in range(50)}
