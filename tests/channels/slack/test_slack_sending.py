import asyncio
from dataclasses import replace

import msgspec
import pytest
from slack_app import CHANNEL, MINA, SETTINGS, Answering, during, text

from connectors.channels.slack.refusals import ERRORS
from connectors.channels.slack.simulator import Simulator, refusal
from connectors.kit.base import OutboundEdit, OutboundReaction
from connectors.kit.errors import (
    KitError,
    Misconfigured,
    OutcomeUnknown,
    Refused,
    Temporary,
    Unreachable,
)
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import (
    CallAction,
    Card,
    LocationPart,
    MediaKind,
    MediaPart,
)
from normalizer.payload import Payload

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
        ("restricted_action_thread_locked", Refused, ErrorCode.POLICY_REJECTED),
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
