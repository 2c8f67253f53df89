"""What Postmark answers, and what the hub is told; and what is asked of it besides sending."""

from dataclasses import replace

import msgspec
import pytest
from postmark_server import HELLO, SETTINGS, answering, during
from postmarker.core import PostmarkClient

from connectors.channels.postmark.config import Config
from connectors.channels.postmark.simulator import Simulator, failure
from connectors.kit.base import Account, File, Registration
from connectors.kit.config import configured
from connectors.kit.errors import Misconfigured, OptedOut, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode
from normalizer.parts import MediaKind, MediaPart
from normalizer.payload import Payload

URL = "https://hub.example.com/in/support"


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (failure(10, "words", 401), Misconfigured, ErrorCode.AUTH_FAILED),
        (failure(300, "Invalid 'To' address: 'x'."), Unreachable, ErrorCode.INVALID_ADDRESS),
        (failure(300, "Provide either email TextBody or HtmlBody or both."), Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (failure(400, "words"), Misconfigured, ErrorCode.MISCONFIGURED),
        (failure(405, "words"), Misconfigured, ErrorCode.MISCONFIGURED),
        (failure(406, "words"), OptedOut, ErrorCode.OPTED_OUT),
        (failure(411, "words"), Refused, ErrorCode.MEDIA_UNSUPPORTED),
        (failure(412, "words"), Misconfigured, ErrorCode.MISCONFIGURED),
        (failure(7777, "words"), Refused, ErrorCode.UNKNOWN),
        (Reply(413, b"too large"), Refused, ErrorCode.MEDIA_TOO_LARGE),
        (Reply(401), Misconfigured, ErrorCode.AUTH_FAILED),
        (Reply(500), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (Reply(302), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (Reply(200, b"<html>"), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (Reply.json({"ErrorCode": 0}), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (Reply(429), Temporary, ErrorCode.RATE_LIMITED),
    ],
)
def test_each_answer_leads_to_its_next_act(reply, error, code):
    with answering(reply) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    assert (type(raised.value), raised.value.code) == (error, code)


def test_it_waits_as_long_as_it_is_told(provider):
    with answering(Reply(429, b"", {"retry-after": "7"})) as told, pytest.raises(Temporary) as raised:
        during(told, lambda plugin: plugin.send(HELLO))
    assert raised.value.retry_after == 7


def test_the_webhooks_are_set_shown_and_removed(provider):
    assert during(provider, lambda plugin: plugin.check()) == Account(
        name="Support", details={"id": "1", "address": "help@example.com"}
    )
    done = Registration(url=URL, details={"raw": True, "reports": True})
    for _ in range(2):
        assert during(provider, lambda plugin: plugin.register(URL)) == done
    (hook,) = provider.hooks.values()
    assert hook["HttpAuth"] == {"Username": "onethread", "Password": SETTINGS["webhook_password"]}
    assert set(hook["Triggers"]) == {"Delivery", "Bounce", "SpamComplaint", "SubscriptionChange"}
    assert provider.server["InboundHookUrl"] == (
        f"https://onethread:{SETTINGS['webhook_password']}@hub.example.com/in/support"
    )
    assert during(provider, lambda plugin: plugin.unregister()).url is None
    assert provider.hooks == {}


def test_a_webhook_that_is_no_address_is_none_of_ours(provider):
    provider.server["InboundHookUrl"] = "http://onethread:secret@["
    assert during(provider, lambda plugin: plugin.registration()).url is None


def test_a_mail_is_what_postmarks_own_client_would_send(provider, tmp_path):
    path = tmp_path / "label.png"
    path.write_bytes(b"octets of a label")
    part = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/png")
    files = {"a1": File("a1", path, "image/png", "label.png", 17)}
    during(
        provider, lambda plugin: plugin.send(replace(HELLO, payload=Payload(text="Hello", media=(part,)), files=files))
    )
    ((_, sent),) = provider.sent.items()
    theirs = PostmarkClient(server_token="x").emails.Email(
        From="help@example.com",
        To="ann@example.net",
        Subject="Your message",
        TextBody="Hello",
        Headers={"Message-ID": "<1.1@example.com>", "X-PM-KeepID": "true"},
        Metadata={"onethread": "1.1"},
        TrackOpens=False,
        TrackLinks="None",
        MessageStream="outbound",
    )
    theirs.attach_binary(b"octets of a label", "label.png")
    assert sent == {name: value for name, value in theirs.as_dict().items() if value is not None}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"webhook_password": "short"}, "webhook_password: 16"),
        ({"server_token": "one\nX-Other: two"}, "server_token: it is made of printable"),
        ({"webhook_user": "a:b"}, "webhook_user"),
        ({"address": "nobody"}, "address"),
        ({"message_stream": ""}, "message_stream"),
    ],
)
def test_a_wrong_setting_is_named(settings, says):
    with pytest.raises(msgspec.ValidationError, match=says):
        configured(Config, {**SETTINGS, **settings})
