"""What push services answer, and what the hub is told; and what goes where."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from web_push_page import SETTINGS, VAPID, address, answering, during, hello

from connectors.channels.web_push import WebPush
from connectors.channels.web_push.simulator import SERVICE, Simulator
from connectors.channels.web_push.vapid import public_text, read_key, to_base64url
from connectors.kit.base import Account
from connectors.kit.errors import OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.http import Exchange
from connectors.kit.secret import Secret
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import LinkAction, MediaKind, MediaPart
from normalizer.payload import Payload
from tests.channels import beside


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (301, OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (400, Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (401, Refused, ErrorCode.AUTH_FAILED),
        (403, Refused, ErrorCode.AUTH_FAILED),
        (404, Unreachable, ErrorCode.UNREACHABLE),
        (410, Unreachable, ErrorCode.UNREACHABLE),
        (413, Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (418, Refused, ErrorCode.UNKNOWN),
        (429, Temporary, ErrorCode.RATE_LIMITED),
        (500, OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (503, OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
    ],
)
def test_each_status_leads_to_its_next_act(status, error, code):
    with answering(Reply(status, b"words")) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(hello()))
    assert (raised.value.code, raised.value.provider_code) == (code, str(status))
    if error is Unreachable:
        assert raised.value.for_good


@pytest.mark.parametrize(
    ("status", "told", "wait"),
    [(429, "7", 7), (429, "0", 1), (429, "999999", 3600), (429, "Sun, 22 Nov 2026 10:00:00 GMT", 90), (503, "20", 20)],
)
def test_who_had_too_many_is_waited_for(status, told, wait):
    with answering(Reply(status, headers={"retry-after": told})) as provider, pytest.raises(Temporary) as raised:
        during(provider, lambda plugin: plugin.send(hello()), rate_pause=90)
    assert raised.value.retry_after == wait


def test_a_notification_is_named_by_where_the_service_keeps_it(provider):
    assert during(provider, lambda plugin: plugin.send(hello())).external_ids == (f"{SERVICE}/m/desk.1",)
    with answering(Reply(201)) as silent:
        assert during(silent, lambda plugin: plugin.send(hello())).external_ids == ("1.1",)


def test_by_default_it_says_that_there_is_an_answer_and_no_word_of_it(provider):
    during(provider, lambda plugin: plugin.send(hello(text="Your test was positive")))
    during(provider, lambda plugin: plugin.send(hello(text="Your box left")), preview=True)
    during(provider, lambda plugin: plugin.send(hello(text="…")), notice="Neue Antwort", title="Bei Acme")
    shown = [(one["title"], one["body"]) for one in provider.shown["desk"]]
    assert shown == [("Acme", "You have an answer"), ("Acme", "Your box left"), ("Bei Acme", "Neue Antwort")]
    assert "positive" not in str(provider.shown)


def test_whatever_is_said_fits_into_one_record(provider):
    worst = {"preview": True, "title": '"' * 100, "link": "https://app.example.com/" + "{conversation}" * 20}
    for letter in ('"', "\\", "\n", "👋", "\u0007", "é"):
        words = letter * (1000 // len(letter.encode()))
        during(provider, lambda plugin, words=words: plugin.send(hello(text=words)), **worst)
    assert len(provider.shown["desk"]) == 6


@pytest.mark.parametrize(
    "sealed",
    [
        address(Simulator(SETTINGS).browser("desk"), to_base64url(b"\7" * 32)),
        Address(scheme="web_push", value="nothing"),
        Address(scheme="web_push", value=f"{address(Simulator(SETTINGS).browser('desk')).value}#019"),
    ],
)
def test_what_was_sealed_with_another_key_is_no_address(provider, sealed):
    with pytest.raises(Unreachable) as raised:
        during(provider, lambda plugin: plugin.send(hello(sealed)))
    assert (raised.value.for_good, provider.requests) == (True, [])


def test_a_service_that_is_admitted_no_more_is_sent_nothing(provider):
    with pytest.raises(Unreachable):
        during(provider, lambda plugin: plugin.send(hello()), hosts=["*.push.apple.com"])
    assert provider.requests == []


@pytest.mark.parametrize(
    "payload",
    [
        Payload(text="see", actions=(LinkAction(label="Open", url="https://app.example.com"),)),
        Payload(media=(MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/png"),)),
    ],
)
def test_what_a_notification_cannot_hold_is_refused_before_anything_leaves(provider, payload):
    with pytest.raises(Refused):
        during(provider, lambda plugin: plugin.send(replace(hello(), payload=payload)))
    assert provider.requests == []


def test_the_log_of_exchanges_holds_neither_keys_nor_words(provider):
    log: list[Exchange] = []
    beside.during(
        WebPush,
        provider,
        lambda plugin: plugin.send(hello(text="private words")),
        settings={"preview": True},
        log=log.append,
        clock=lambda: datetime.now(UTC),
    )
    [told] = map(repr, log)
    keys = provider.browser("desk")["keys"]
    assert not any(word in told for word in (*keys.values(), VAPID, "private words", "vapid t="))


def test_without_a_gateway_it_goes_to_the_endpoint_and_no_private_host_is_reached(provider):
    port = provider.url.rpartition(":")[2]
    inside = {**provider.browser("desk"), "endpoint": f"https://127.0.0.1/x?port={port}"}
    with pytest.raises(Refused, match=r"127\.0\.0\.1 is not a public address"):
        during(provider, lambda plugin: plugin.send(hello(address(inside))), api_base=None, hosts=["127.0.0.1"])
    assert provider.requests == []


def test_the_check_tells_the_key_pages_subscribe_with(provider):
    public = public_text(read_key(Secret(VAPID)))
    told = Account(name="mailto:push@acme.example.com", details={"public_key": public})
    assert during(provider, lambda plugin: plugin.check()) == told
    assert provider.requests == []
