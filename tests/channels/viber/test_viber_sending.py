"""What Viber answers, and what the hub is told; and what is asked of it besides sending."""

import pytest
from viber_bot import HELLO, IRA, SETTINGS, answering, during

from connectors.channels.viber import EVENTS, signature
from connectors.channels.viber.simulator import Simulator
from connectors.kit.base import Account, File, Outbound, Registration
from connectors.kit.errors import (
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
from normalizer.parts import LocationPart, MediaKind, MediaPart
from normalizer.payload import Payload


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (1, Refused, ErrorCode.MEDIA_UNREACHABLE),
        (2, Misconfigured, ErrorCode.AUTH_FAILED),
        (3, Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (4, Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (5, Unreachable, ErrorCode.INVALID_ADDRESS),
        (6, OptedOut, ErrorCode.OPTED_OUT),
        (7, Misconfigured, ErrorCode.MISCONFIGURED),
        (11, Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (21, Refused, ErrorCode.POLICY_REJECTED),
        (24, Misconfigured, ErrorCode.MISCONFIGURED),
        (77, Refused, ErrorCode.UNKNOWN),
    ],
)
def test_each_status_leads_to_its_next_act(status, error, code):
    with (
        answering(Reply.json({"status": status, "status_message": "words"})) as provider,
        pytest.raises(error) as raised,
    ):
        during(provider, lambda plugin: plugin.send(HELLO))
    assert (raised.value.code, raised.value.provider_code, raised.value.detail) == (code, str(status), "words")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(500), OutcomeUnknown),
        (Reply(302), OutcomeUnknown),
        (Reply(200, b"<html>"), OutcomeUnknown),
        (Reply.json({"status": 0, "status_message": "ok"}), OutcomeUnknown),  # it left, and nobody knows its name
        (Reply(401), Misconfigured),
        (Reply(404), Refused),
    ],
)
def test_what_is_no_answer_of_vibers_is_judged_by_what_it_may_have_done(reply, error):
    with answering(reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.send(HELLO))


def test_who_had_too_many_is_waited_for_as_long_as_the_operator_says(provider):
    provider.next(Failure.RATE_LIMITED)
    with pytest.raises(Temporary) as raised:
        during(provider, lambda plugin: plugin.send(HELLO), rate_pause=90)
    assert (raised.value.retry_after, raised.value.code) == (90, ErrorCode.RATE_LIMITED)


def file(url="https://hub.example.com/files/1", size=10, kind="image/jpeg", name="box.jpg", tmp=None):
    return File("a1", tmp, kind, name, size, url)


def sending(payload, **files):
    return Outbound(token="1.1", address=Address(scheme="viber", value=IRA), payload=payload, files=files)


PICTURE = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/jpeg")


@pytest.mark.parametrize(
    ("outbound", "code"),
    [
        (sending(Payload(media=(PICTURE,))), ErrorCode.MEDIA_UNREACHABLE),
        (sending(Payload(media=(PICTURE,)), a1=file(url=None)), ErrorCode.MEDIA_UNREACHABLE),
        (sending(Payload(media=(PICTURE,)), a1=file(url="https://x/" + "a" * 2000)), ErrorCode.MEDIA_UNREACHABLE),
        (sending(Payload(media=(PICTURE,)), a1=file(size=50_000_001)), ErrorCode.MEDIA_TOO_LARGE),
        (sending(Payload(text="words", media=(PICTURE,)), a1=file()), ErrorCode.CONTENT_UNSUPPORTED),
        (sending(Payload()), ErrorCode.CONTENT_UNSUPPORTED),
        (sending(Payload(location=LocationPart(latitude=1, longitude=2))), ErrorCode.CONTENT_UNSUPPORTED),
    ],
)
def test_what_a_message_cannot_hold_is_refused_before_anything_leaves(provider, outbound, code):
    with pytest.raises(Refused) as raised:
        during(provider, lambda plugin: plugin.send(outbound))
    assert (raised.value.code, provider.requests) == (code, [])


def test_a_large_picture_goes_as_a_file_and_a_long_name_keeps_its_end(provider):
    large = file(size=1_000_001, name="x" * 300 + ".jpg")
    during(provider, lambda plugin: plugin.send(sending(Payload(media=(PICTURE,)), a1=large)))
    (sent,) = provider.sent.values()
    assert (sent["type"], sent["size"], sent["file_name"]) == ("file", 1_000_001, "x" * 252 + ".jpg")


def test_the_webhook_is_set_shown_and_removed(provider):
    assert during(provider, lambda plugin: plugin.check()) == Account(
        name="Onethread", details={"id": "pa:75346594275468546724", "uri": "onethread"}
    )
    url = "https://hub.example.com/in/support"
    asked = Registration(url=url, details={"event_types": list(EVENTS)})
    assert during(provider, lambda plugin: plugin.register(url)) == asked
    assert during(provider, lambda plugin: plugin.registration()) == asked
    assert during(provider, lambda plugin: plugin.unregister()) == Registration(url=None, details={"event_types": []})


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply.json({"status": 1, "status_message": "invalidUrl"}), Misconfigured),
        (Reply.json({"status": 2, "status_message": "invalidAuthToken"}), Misconfigured),
        (Reply(503), Temporary),
        (Reply(200, b"?"), Temporary),
    ],
)
def test_what_keeps_a_webhook_from_being_set_is_told(reply, error):
    with answering(reply) as provider, pytest.raises(error):
        during(provider, lambda plugin: plugin.register("https://hub.example.com/in/support"))


def test_the_signature_is_the_one_openssl_makes():
    # printf '{"event":"webhook"}' | openssl dgst -sha256 -hmac 445da6az1s345z78
    wanted = "7030ecb098731a6fb0ae8b1625f3a1a0f7bea185a2906d5e36bfd2f7f3843081"
    assert signature("445da6az1s345z78", b'{"event":"webhook"}') == wanted
