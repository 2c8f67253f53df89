"""What the Send API answers, what is refused before anything leaves, and what is asked of it besides sending."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from messenger_page import HELLO, SECRETS, SETTINGS, TO, answering, during

from connectors.channels.messenger import FIELDS, Messenger
from connectors.channels.messenger.simulator import Simulator
from connectors.families.meta.simulated import failed
from connectors.kit.base import Account, File, Registration
from connectors.kit.errors import Misconfigured, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.testing.simulator import Failure, Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import LinkAction, LocationPart, MediaKind, MediaPart
from normalizer.payload import Payload
from tests.channels import beside
from tests.channels.beside import HOOK, NOW

PICTURE = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/png")
FILE = File("a1", Path("/nowhere"), "image/png", "box.png", 10, "https://x.example/f")


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("code", "subcode", "error", "named"),
    [
        (1, None, OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (2, None, Temporary, ErrorCode.PROVIDER_DOWN),
        (4, 2018022, Temporary, ErrorCode.RATE_LIMITED),
        (10, None, Misconfigured, ErrorCode.MISCONFIGURED),
        (10, 2018278, Refused, ErrorCode.WINDOW_CLOSED),
        (32, None, Temporary, ErrorCode.RATE_LIMITED),
        (100, None, Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (100, 2018001, Unreachable, ErrorCode.INVALID_ADDRESS),
        (100, 2018109, Temporary, ErrorCode.RATE_LIMITED),
        (190, 463, Misconfigured, ErrorCode.AUTH_FAILED),
        (200, 1545041, Unreachable, ErrorCode.UNREACHABLE),
        (230, None, Misconfigured, ErrorCode.MISCONFIGURED),
        (368, None, Refused, ErrorCode.POLICY_REJECTED),
        (551, 1545041, Unreachable, ErrorCode.UNREACHABLE),
        (613, None, Temporary, ErrorCode.RATE_LIMITED),
        (1200, None, Temporary, ErrorCode.PROVIDER_DOWN),
        (999999, None, Refused, ErrorCode.UNKNOWN),
    ],
)
def test_each_code_leads_to_its_next_act(code, subcode, error, named):
    reply = failed(400, code, "words", subcode)
    with answering(reply) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    number = str(code) if subcode is None else f"{code}/{subcode}"
    assert (raised.value.code, raised.value.provider_code, raised.value.detail) == (named, number, "words")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(500), OutcomeUnknown),
        (Reply(200, b"<html>"), OutcomeUnknown),
        (Reply.json({"recipient_id": "1"}), OutcomeUnknown),
        (Reply(401), Misconfigured),
        (Reply(429), Temporary),
        (Reply(404), Refused),
    ],
)
def test_what_is_no_answer_of_graphs_is_judged_by_what_it_may_have_done(reply, error):
    with answering(reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.send(HELLO))


def test_who_had_too_much_is_waited_for_as_long_as_the_operator_says(provider):
    provider.next(Failure.RATE_LIMITED)
    with pytest.raises(Temporary) as raised:
        during(provider, lambda plugin: plugin.send(HELLO), rate_pause=90)
    assert raised.value.retry_after == 90


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (Payload(), ErrorCode.CONTENT_UNSUPPORTED),
        (Payload(location=LocationPart(latitude=1, longitude=2)), ErrorCode.CONTENT_UNSUPPORTED),
        (Payload(text="x", media=(PICTURE,)), ErrorCode.CONTENT_UNSUPPORTED),
        (Payload(media=(PICTURE, PICTURE)), ErrorCode.CONTENT_UNSUPPORTED),
        (Payload(text="x", actions=(LinkAction(label="l", url="https://x"),)), ErrorCode.CONTENT_UNSUPPORTED),
        (
            Payload(media=(msgspec.structs.replace(PICTURE, attachment_id="a2"),)),
            ErrorCode.MEDIA_UNREACHABLE,
        ),
    ],
)
def test_what_a_message_cannot_hold_is_refused_before_anything_leaves(provider, payload, code):
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: plugin.send(replace(HELLO, payload=payload, files={"a1": FILE})))
    assert (raised.value.code, provider.requests) == (code, [])


def test_a_file_without_an_https_address_is_refused(provider):
    outbound = replace(HELLO, payload=Payload(media=(PICTURE,)), files={"a1": replace(FILE, url="http://x/f")})
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: plugin.send(outbound))
    assert (raised.value.code, provider.requests) == (ErrorCode.MEDIA_UNREACHABLE, [])


@pytest.mark.parametrize("value", ["", "ana", "+447700900222", "1" * 33])
def test_what_is_no_id_of_theirs_is_not_asked_for(provider, value):
    with pytest.raises(Unreachable) as raised:
        during(provider, lambda plugin: plugin.send(replace(HELLO, address=Address(scheme="messenger", value=value))))
    assert (raised.value.code, provider.requests) == (ErrorCode.INVALID_ADDRESS, [])


@pytest.mark.parametrize(
    ("human_agent", "auto", "hours", "kind"),
    [
        (False, False, 30, {"messaging_type": "RESPONSE"}),
        (True, False, 23, {"messaging_type": "RESPONSE"}),
        (True, False, 24, {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}),
        (True, True, 30, {"messaging_type": "RESPONSE"}),
    ],
)
def test_only_late_and_where_the_app_was_granted_it_a_person_is_said_to_answer(
    provider, human_agent, auto, hours, kind
):
    outbound = replace(HELLO, auto=auto, heard_at=NOW - timedelta(hours=hours))
    during(provider, lambda plugin: plugin.send(outbound), human_agent=human_agent)
    (sent,) = provider.sent.values()
    assert {name: sent[name] for name in ("messaging_type", "tag") if name in sent} == kind


async def read(plugin, source):
    return b"".join([chunk async for chunk in (await plugin.fetch(source)).chunks])


def test_a_file_is_read_without_telling_who_we_are(provider):
    provider.held(b"octets")
    (name,) = provider.files
    assert during(provider, lambda plugin: read(plugin, f"{provider.url}/cdn/{name}")) == b"octets"
    assert "authorization" not in provider.requests[-1].headers


@pytest.mark.parametrize("source", ["{url}/cdn/gone", "fb-messenger://x", "https://x.example/" + "x" * 5000])
def test_a_file_that_is_gone_or_none_is_refused(provider, source):
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: read(plugin, source.format(url=provider.url)))
    assert raised.value.code is ErrorCode.MEDIA_UNREACHABLE


def test_the_page_tells_who_it_is(provider):
    assert during(provider, lambda plugin: plugin.check()) == Account(name="Acme", details={"id": "1077"})


def test_the_webhook_is_set_and_shown_and_the_page_taken_out(provider):
    asked = Registration(url=HOOK, details={"active": True, "fields": sorted(FIELDS)})
    assert during(provider, lambda plugin: plugin.register(HOOK)) == asked
    assert during(provider, lambda plugin: plugin.registration()) == asked
    assert during(provider, lambda plugin: plugin.unregister()) == asked  # the app's address may serve other pages
    assert (provider.requests[-2].method, provider.requests[-2].path) == ("DELETE", "/v25.0/1077/subscribed_apps")


def test_without_the_apps_id_the_dashboard_is_named(provider):
    with pytest.raises(Refused, match="without app_id, set the address in the app's dashboard"):
        during(provider, lambda plugin: plugin.registration(), app_id=None)


def test_the_sign_shows(provider):
    during(provider, lambda plugin: plugin.typing(TO, None))
    assert provider.shown == [{"recipient": {"id": TO.value}, "sender_action": "typing_on"}]


def test_the_log_of_exchanges_holds_no_secret(provider):
    kept = []
    beside.during(Messenger, provider, lambda plugin: plugin.register(HOOK), log=kept.append)
    assert kept
    assert not any(secret in repr(kept) for secret in SECRETS.values())
