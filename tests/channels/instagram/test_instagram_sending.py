"""What Instagram answers, what is refused before anything leaves, and what is asked of it besides sending."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from instagram_account import HELLO, SECRETS, SETTINGS, TO, answering, during

from connectors.channels.instagram import Instagram
from connectors.channels.instagram.capability import CAPABILITY
from connectors.channels.instagram.simulator import Simulator
from connectors.families.meta.simulated import failed
from connectors.kit.base import Account, File, OutboundReaction
from connectors.kit.errors import Misconfigured, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.testing.simulator import Failure, Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import LocationPart, MediaKind, MediaPart
from normalizer.payload import Payload
from normalizer.render import render
from tests.channels import beside
from tests.channels.beside import NOW

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
        (4, None, Temporary, ErrorCode.RATE_LIMITED),
        (10, None, Misconfigured, ErrorCode.MISCONFIGURED),
        (10, 2018278, Refused, ErrorCode.WINDOW_CLOSED),
        (100, None, Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (100, 2018001, Unreachable, ErrorCode.INVALID_ADDRESS),
        (190, 463, Misconfigured, ErrorCode.AUTH_FAILED),
        (230, None, Misconfigured, ErrorCode.MISCONFIGURED),
        (551, 1545041, Unreachable, ErrorCode.UNREACHABLE),
        (613, None, Temporary, ErrorCode.RATE_LIMITED),
        (80007, None, Temporary, ErrorCode.RATE_LIMITED),
        (1200, None, Temporary, ErrorCode.PROVIDER_DOWN),
        (999999, None, Refused, ErrorCode.UNKNOWN),
    ],
)
def test_each_code_leads_to_its_next_act(code, subcode, error, named):
    with answering(failed(400, code, "words", subcode)) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    number = str(code) if subcode is None else f"{code}/{subcode}"
    assert (raised.value.code, raised.value.provider_code, raised.value.detail) == (named, number, "words")


@pytest.mark.parametrize(
    ("reply", "error"),
    [(Reply(500), OutcomeUnknown), (Reply(200, b"<html>"), OutcomeUnknown), (Reply(401), Misconfigured)],
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
    ],
)
def test_what_a_message_cannot_hold_is_refused_before_anything_leaves(provider, payload, code):
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: plugin.send(replace(HELLO, payload=payload, files={"a1": FILE})))
    assert (raised.value.code, provider.requests) == (code, [])


def test_what_is_no_id_of_theirs_is_not_asked_for(provider):
    address = Address(scheme="instagram", value="@ana")
    with pytest.raises(Unreachable) as raised:
        during(provider, lambda plugin: plugin.send(replace(HELLO, address=address)))
    assert (raised.value.code, provider.requests) == (ErrorCode.INVALID_ADDRESS, [])


def test_a_text_is_counted_in_octets() -> None:
    payloads = render("ñ" * 600, (), (), CAPABILITY, False, {}).payloads
    assert [len(payload.text.encode()) <= 1000 for payload in payloads] == [True, True]


def test_a_file_of_a_type_that_is_not_taken_goes_as_a_link() -> None:
    part = MediaPart(attachment_id="a1", kind=MediaKind.FILE, media_type="application/zip", name="all.zip", size=10)
    (payload,) = render("see", (part,), (), CAPABILITY, False, {"a1": "https://x.example/f"}).payloads
    assert (payload.text, payload.media) == ("see\nall.zip: https://x.example/f", ())


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


def test_only_a_heart_can_be_given(provider):
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: plugin.react(OutboundReaction(TO, "aWd_1", "👍")))
    assert (raised.value.code, provider.requests) == (ErrorCode.CONTENT_UNSUPPORTED, [])


async def read(plugin, source):
    return b"".join([chunk async for chunk in (await plugin.fetch(source)).chunks])


def test_a_file_is_read_without_telling_who_we_are(provider):
    provider.held(b"octets")
    (name,) = provider.files
    assert during(provider, lambda plugin: read(plugin, f"{provider.url}/cdn/{name}")) == b"octets"
    assert "authorization" not in provider.requests[-1].headers


@pytest.mark.parametrize("source", ["{url}/cdn/gone", "instagram://x"])
def test_a_file_that_is_gone_or_none_is_refused(provider, source):
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: read(plugin, source.format(url=provider.url)))
    assert raised.value.code is ErrorCode.MEDIA_UNREACHABLE


def test_the_account_tells_who_it_is(provider):
    assert during(provider, lambda plugin: plugin.check()) == Account(name="acme", details={"id": "17840001"})


def test_the_log_of_exchanges_holds_no_secret(provider):
    kept = []
    beside.during(Instagram, provider, lambda plugin: plugin.send(HELLO), log=kept.append)
    assert kept
    assert not any(secret in repr(kept) for secret in SECRETS.values())
