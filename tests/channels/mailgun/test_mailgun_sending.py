"""What Mailgun answers, and what the hub is told; signatures; settings."""

import re
from datetime import timedelta
from email import message_from_bytes, policy

import msgspec
import pytest

from connectors.channels.mailgun import Mailgun
from connectors.channels.mailgun.config import Config
from connectors.channels.mailgun.signature import made
from connectors.channels.mailgun.simulator import Simulator, failure
from connectors.families.mail.form import read_form
from connectors.kit.base import Account, Outbound, Registration
from connectors.kit.config import configured
from connectors.kit.errors import BadSignature, Misconfigured, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.fixtures import as_request
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels.beside import HOOK, NOW, answering, during

SETTINGS = {"address": "help@example.com", "api_key": "api-key-nobody_shall_see", "signing_key": "signing-key-nobody"}
HELLO = Outbound(token="1.1", address=Address(scheme="mailto", value="ann@example.net"), payload=Payload(text="Grüße"))


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (failure(400, "'to' parameter is not a valid address."), Unreachable, ErrorCode.INVALID_ADDRESS),
        (failure(400, "'from' parameter is missing"), Refused, ErrorCode.CONTENT_UNSUPPORTED),
        (Reply(401, b"Forbidden"), Misconfigured, ErrorCode.AUTH_FAILED),
        (failure(402, "words"), Misconfigured, ErrorCode.MISCONFIGURED),
        (failure(403, "words"), Misconfigured, ErrorCode.AUTH_FAILED),
        (failure(404, "Domain not found: example.com"), Misconfigured, ErrorCode.MISCONFIGURED),
        (failure(413, "words"), Refused, ErrorCode.MEDIA_TOO_LARGE),
        (failure(418, "words"), Refused, ErrorCode.UNKNOWN),
        (Reply(429, b""), Temporary, ErrorCode.RATE_LIMITED),
        (Reply(500), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (Reply(302), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (Reply(200, b"<html>"), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (Reply.json({"message": "Queued"}), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
    ],
)
def test_each_answer_leads_to_its_next_act(reply, error, code):
    with answering(Simulator, SETTINGS, reply) as provider, pytest.raises(error) as raised:
        during(Mailgun, provider, lambda plugin: plugin.send(HELLO))
    assert (type(raised.value), raised.value.code) == (error, code)


def test_a_mail_leaves_as_it_was_written(provider):
    sent = during(Mailgun, provider, lambda plugin: plugin.send(HELLO))
    assert sent.external_ids == ("1.1@example.com",)
    (request,) = provider.requests
    form = read_form(request.body)
    mail = message_from_bytes(form.octets("message") or b"", policy=policy.default)
    assert (mail["to"], mail["message-id"], mail.get_content()) == ("ann@example.net", "<1.1@example.com>", "Grüße\n")
    assert [form.text(f"o:{name}") for name in ("tracking", "tracking-clicks", "tracking-opens")] == ["no"] * 3


def test_the_domain_is_asked_for(provider):
    assert during(Mailgun, provider, lambda plugin: plugin.check()) == Account(
        name="example.com", details={"state": "active", "address": "help@example.com"}
    )
    with pytest.raises(Misconfigured):
        during(Mailgun, provider, lambda plugin: plugin.check(), settings={"sending_domain": "elsewhere.example"})


def test_the_route_and_the_webhooks_are_set_shown_and_removed(provider):
    provider.webhooks = {"delivered": ["https://other.example"], "opened": ["https://other.example"]}
    provider.routes = {"r": {"id": "r", "expression": "catch_all()", "actions": ['forward("https://other.example")']}}
    others = (dict(provider.webhooks), dict(provider.routes))
    events = ["accepted", "complained", "delivered", "permanent_fail", "unsubscribed"]
    done = Registration(url=HOOK, details={"events": events, "raw": False, "stored": True})
    for _ in range(2):
        assert during(Mailgun, provider, lambda plugin: plugin.register(HOOK)) == done
    assert during(Mailgun, provider, lambda plugin: plugin.registration()) == done
    assert provider.webhooks["delivered"] == ["https://other.example", HOOK]
    (ours,) = [route for route in provider.routes.values() if route["id"] != "r"]
    (found,) = re.findall(r'match_recipient\("(.*)"\)', ours["expression"])
    wanted = {
        "help@example.com": True,
        "help+r.x@example.com": True,
        "xhelp@example.com": False,
        "help@examplexcom": False,
    }
    assert {address: re.search(found, address) is not None for address in wanted} == wanted
    again = {"address": "billing@example.com"}
    assert during(Mailgun, provider, lambda plugin: plugin.register(HOOK), settings=again) == done
    assert len(provider.routes) == 2
    assert ours["actions"] == [f'forward("{HOOK}")', "store()"]
    unkept = Registration(url=HOOK, details={**done.details, "stored": False})
    assert during(Mailgun, provider, lambda plugin: plugin.register(HOOK), settings={**again, "store": False}) == unkept
    assert [route["actions"] for route in provider.routes.values()][1:] == [[f'forward("{HOOK}")']]
    gone = Registration(url=None, details={"events": [], "raw": False, "stored": False})
    assert during(Mailgun, provider, lambda plugin: plugin.unregister()) == gone
    assert (provider.webhooks, provider.routes) == others


def test_a_domain_that_calls_enough_others_is_left_as_it_is(provider):
    provider.webhooks = {"accepted": [f"https://other.example/{n}" for n in range(3)]}
    with pytest.raises(Misconfigured, match="already calls 3"):
        during(Mailgun, provider, lambda plugin: plugin.register(HOOK))
    assert len(provider.webhooks["accepted"]) == 3


@pytest.mark.parametrize(
    ("age", "taken"),
    [
        (timedelta(hours=8), True),
        (timedelta(hours=10), False),
        (timedelta(minutes=-4), True),
        (timedelta(minutes=-6), False),
    ],
)
def test_an_old_signature_is_good_for_nothing(provider, age, taken):
    provider.clock = lambda: (NOW - age).timestamp()
    request = as_request(provider.mail(provider.message()), HOOK, NOW)

    async def verify(plugin):
        plugin.verify(request)

    if taken:
        during(Mailgun, provider, verify)
    else:
        with pytest.raises(BadSignature, match="not of now"):
            during(Mailgun, provider, verify)


def test_the_signature_is_the_one_openssl_makes():
    # printf <timestamp><token> | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
    token = "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0"
    wanted = "4ada4d953bd5c49708bc7fb6e2dfd7425a8805cc6b8c59ceb84110f6c1a13f0a"
    assert made("0123456789abcdef0123456789abcdef", "1529006854", token) == wanted


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"api_key": ""}, "api_key: it is made"),
        ({"signing_key": "one\nX-Other: two"}, "signing_key: it is made"),
        ({"sending_domain": "example.com/../x"}, "sending_domain"),
        ({"signed_hours": 0}, "signed_hours"),
    ],
)
def test_a_wrong_setting_is_named(settings, says):
    with pytest.raises(msgspec.ValidationError, match=says):
        configured(Config, {**SETTINGS, **settings})
