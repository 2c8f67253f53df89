"""What SendGrid answers, and what the hub is told; signatures; settings. Judged by SendGrid's own library."""

import asyncio
import base64
from dataclasses import replace

import msgspec
import pytest
from sendgrid.helpers import mail as theirs
from sendgrid.helpers.eventwebhook import EventWebhook

from connectors.channels.sendgrid import SendGrid
from connectors.channels.sendgrid.config import Config
from connectors.channels.sendgrid.signature import SIGNATURE, TIMESTAMP
from connectors.channels.sendgrid.simulator import PUBLIC, Simulator, failure
from connectors.kit.base import Account, File, Outbound, Registration
from connectors.kit.config import configured
from connectors.kit.errors import BadSignature, Misconfigured, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.fixtures import as_request
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.parts import MediaKind, MediaPart
from normalizer.payload import Payload
from tests.background.heronry import eventually, rows
from tests.channels.beside import HOOK, NOW, answering, during, running

SETTINGS = {"address": "help@example.com", "name": "Example", "api_key": "SG.api-key-nobody_shall_see"}
HELLO = Outbound(token="1.1", address=Address(scheme="mailto", value="ann@example.net"), payload=Payload(text="Hello"))
SECRET = "inbound-secret-nobody-sees"


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (failure(400, "words", "personalizations.0.to.0.email"), Unreachable, ErrorCode.INVALID_ADDRESS),
        (failure(400, "words", "content"), Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (failure(400, "words"), Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (failure(401, "words"), Misconfigured, ErrorCode.AUTH_FAILED),
        (failure(403, "words", "from"), Misconfigured, ErrorCode.MISCONFIGURED),
        (Reply(413, b"<html>"), Refused, ErrorCode.MEDIA_TOO_LARGE),
        (failure(418, "words"), Refused, ErrorCode.UNKNOWN),
        (failure(429, "words"), Temporary, ErrorCode.RATE_LIMITED),
        (Reply(500), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (Reply(302), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
    ],
)
def test_each_answer_leads_to_its_next_act(reply, error, code):
    with answering(Simulator, SETTINGS, reply) as provider, pytest.raises(error) as raised:
        during(SendGrid, provider, lambda plugin: plugin.send(HELLO))
    assert (type(raised.value), raised.value.code) == (error, code)


@pytest.mark.parametrize(("reset", "seconds"), [(30, 30), (10_000, 300), (-5, 60)])
def test_it_waits_until_the_window_it_is_told(reset, seconds):
    told = str(int(NOW.timestamp()) + reset)
    reply = Reply(429, b"", {"x-ratelimit-reset": told})
    with answering(Simulator, SETTINGS, reply) as provider, pytest.raises(Temporary) as raised:
        during(SendGrid, provider, lambda plugin: plugin.send(HELLO))
    assert raised.value.retry_after == seconds


def test_a_mail_is_what_sendgrids_own_library_would_send(provider, tmp_path):
    path = tmp_path / "label.png"
    path.write_bytes(b"octets of a label")
    part = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/png")
    files = {"a1": File("a1", path, "image/png", "label.png", 17)}
    outbound = replace(HELLO, payload=Payload(text="Hello", media=(part,)), files=files)
    sent = during(SendGrid, provider, lambda plugin: plugin.send(outbound))
    assert sent.external_ids == ("1.1@example.com", "simulated-1")
    wanted = theirs.Mail(
        from_email=theirs.From("help@example.com", "Example"),
        to_emails="ann@example.net",
        subject="Your message",
        plain_text_content="Hello",
    )
    wanted.add_header(theirs.Header("Message-ID", "<1.1@example.com>"))
    wanted.add_custom_arg(theirs.CustomArg("onethread", "1.1"))
    content = base64.b64encode(b"octets of a label").decode()
    wanted.add_attachment(theirs.Attachment(content, "label.png", "image/png", "attachment"))
    off = theirs.TrackingSettings()
    off.click_tracking = theirs.ClickTracking(False, False)
    off.open_tracking = theirs.OpenTracking(False)
    off.subscription_tracking = theirs.SubscriptionTracking(False)
    wanted.tracking_settings = off
    expected = wanted.get()
    for ours in (expected, provider.sent["simulated-1"]):
        ours["personalizations"][0].pop("headers", None)
    assert provider.sent["simulated-1"] == expected


def test_the_key_is_asked_what_it_may_do(provider):
    assert during(SendGrid, provider, lambda plugin: plugin.check()) == Account(
        name="help@example.com", details={"scopes": "2"}
    )
    with (
        answering(Simulator, SETTINGS, Reply.json({"scopes": ["user.profile.read"]})) as other,
        pytest.raises(Misconfigured, match="may not send"),
    ):
        during(SendGrid, other, lambda plugin: plugin.check())


def test_the_webhooks_are_set_shown_and_removed(provider):
    other = {"id": "o", "url": "https://other.example"}
    provider.webhooks = {"o": other}
    provider.hosts = {"other.example": {"hostname": "other.example", "url": "https://other.example"}}
    settings = {"inbound_host": "in.example.com", "inbound_secret": SECRET}
    done = Registration(url=HOOK, details={"events_key": PUBLIC, "known": True, "hosts": ["in.example.com"]})
    for _ in range(2):
        assert during(SendGrid, provider, lambda plugin: plugin.register(HOOK), settings=settings) == done
    assert during(SendGrid, provider, lambda plugin: plugin.registration(), settings=settings) == done
    (ours,) = [hook for hook in provider.webhooks.values() if hook != other]
    told = {name for name, value in ours.items() if value is True}
    assert told == {
        *("enabled", "processed", "delivered", "bounce", "dropped"),
        *("spam_report", "unsubscribe", "group_unsubscribe", "group_resubscribe"),
    }
    assert provider.hosts["in.example.com"] == {
        "hostname": "in.example.com",
        "url": f"{HOOK}?secret={SECRET}",
        "send_raw": True,
        "spam_check": False,
    }
    gone = Registration(url=None, details={"events_key": None, "known": False, "hosts": []})
    assert during(SendGrid, provider, lambda plugin: plugin.unregister(), settings=settings) == gone
    assert (list(provider.webhooks), list(provider.hosts)) == (["o"], ["other.example"])


def test_sendgrids_own_library_takes_what_is_signed_here(provider):
    wire = provider.genuine(b'[{"event":"delivered"}]')
    judge = EventWebhook(PUBLIC)
    assert judge.verify_signature(wire.body.decode(), wire.headers[SIGNATURE], wire.headers[TIMESTAMP])
    assert not judge.verify_signature(wire.body.decode() + " ", wire.headers[SIGNATURE], wire.headers[TIMESTAMP])


@pytest.mark.parametrize(
    ("settings", "mail", "events"),
    [
        ({}, True, True),
        ({"inbound_key": None, "inbound_secret": SECRET}, True, True),
        ({"inbound_key": None}, False, True),
        ({"events_key": None}, True, False),
    ],
)
def test_what_nothing_proves_is_not_taken(settings, mail, events):
    async def taken(plugin):
        found = {}
        for name, request in requests.items():
            try:
                plugin.verify(request)
                found[name] = True
            except BadSignature:
                found[name] = False
        return found

    with Simulator({**SETTINGS, **settings}) as provider:
        requests = {
            "mail": as_request(provider.mail(provider.message()), HOOK, NOW),
            "events": as_request(provider.genuine(b"[]"), HOOK, NOW),
        }
        assert during(SendGrid, provider, taken) == {"mail": mail, "events": events}


def test_of_a_batch_only_what_cannot_be_read_is_set_aside(tmp_path, provider):
    async def test():
        async with running(tmp_path, "sendgrid", provider) as beside:
            await beside.say("Hello?", "ann@example.net")
            await eventually(lambda: beside.statuses() == ["accepted"])
            (told,) = msgspec.json.decode(provider.tells("delivered").body)
            batch = msgspec.json.encode([{"event": "delivered"}, told, {**told, "event": "sung", "sg_event_id": "x"}])
            assert [await beside.heard(provider.genuine(batch)) for _ in range(2)] == [200, 200]
            await eventually(lambda: beside.statuses() == ["delivered"])
            assert rows(beside.hub, "SELECT count(*) FROM quarantine") == [(2,)]

    asyncio.run(test())


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"api_key": ""}, "api_key: it is made"),
        ({"events_key": "no key"}, "events_key: no public key"),
        ({"inbound_key": base64.b64encode(b"no key").decode()}, "inbound_key: no public key"),
        ({"inbound_secret": "short"}, "inbound_secret: 16"),
    ],
)
def test_a_wrong_setting_is_named(settings, says):
    with pytest.raises(msgspec.ValidationError, match=says):
        configured(Config, {**SETTINGS, **settings})
