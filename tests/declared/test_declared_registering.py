"""The webhook at the provider: set, read back and removed as the file says, and told without its secret."""

import asyncio
from importlib import import_module
from urllib.parse import parse_qs

import msgspec
import pytest
from clicksend.models.sms_delivery_receipt_rule import SmsDeliveryReceiptRule
from clicksend.models.sms_inbound_rule import SmsInboundRule
from clicksend.models.update_sms_inbound_automation_request import UpdateSmsInboundAutomationRequest
from declared_channels import DECLARED, FOLDERS
from declared_files import ACME, SECRET, SETTINGS, plugin

from connectors.kit import registry
from connectors.kit.base import Registers, Registration, Tools
from connectors.kit.config import configured
from connectors.kit.declared import DeclarationError
from connectors.kit.declared.simulator import simulator_of
from connectors.kit.errors import Misconfigured, Refused, Temporary
from connectors.kit.fixtures import read_fixtures
from connectors.kit.http import Http
from connectors.kit.testing.simulator import HUB_URL, Reply

REGISTER = """\
register:
  needs: [sender]
  set: {method: PUT, url: "{api_base}/apps/{sender}", json: {hook: "{webhook_url}?secret={word|quote}"}}
  read: {method: GET, url: "{api_base}/apps/{sender}", headers: {x-key: "{word}"}}
  at: app.hook
  remove: {method: PATCH, url: "{api_base}/apps/{sender}", form: {hook: ""}}
"""
ANSWER = '  register: {json: {app: {hook: "{webhook}"}}}\n'
REGISTERING = ACME.replace("send:\n", f"{REGISTER}send:\n", 1).replace("simulated:\n", f"simulated:\n{ANSWER}")
STAYS = REGISTERING.replace(REGISTER.splitlines()[-1] + "\n", "")


def acting(provider, *steps, **settings):
    """What each of these came to."""

    async def run():
        kind = provider.plugin
        config = configured(kind.Config, {**provider.settings(), **settings})
        http = Http("acme", trusted=kind.trusted_origins(config))
        try:
            acme = kind(config, Tools("acme", http))
            return [await (acme.register(HUB_URL) if step == "register" else getattr(acme, step)()) for step in steps]
        finally:
            await http.close()

    return asyncio.run(run())


def test_a_webhook_is_set_read_and_removed(tmp_path):
    with simulator_of(plugin(tmp_path, REGISTERING))({**SETTINGS, "sender": "5"}) as provider:
        told = acting(provider, "registration", "register", "registration", "unregister")
        shown = Registration(url=f"{HUB_URL}?secret=***")
        assert told == [Registration(url=None), shown, shown, Registration(url=None)]
        asked = [(each.method, each.path, each.body) for each in provider.requests]
        assert asked == [
            ("GET", "/apps/5", b""),
            ("PUT", "/apps/5", msgspec.json.encode({"hook": f"{HUB_URL}?secret={SECRET}"})),
            ("GET", "/apps/5", b""),
            ("GET", "/apps/5", b""),
            ("PATCH", "/apps/5", b"hook="),
            ("GET", "/apps/5", b""),
        ]
        assert provider.requests[0].headers["x-key"] == SECRET


def test_messages_and_reports_may_have_an_address_each(tmp_path):
    one = '  set: {method: PUT, url: "{api_base}/apps/{sender}", json: {hook: "{webhook_url}?secret={word|quote}"}}\n'
    two = one.replace("set: ", "- ").replace("  - ", "    - ")
    text = REGISTERING.replace(one, f"  set:\n{two}{two.replace('/apps/', '/reports/')}")
    with simulator_of(plugin(tmp_path, text))({**SETTINGS, "sender": "5"}) as provider:
        assert acting(provider, "register") == [Registration(url=f"{HUB_URL}?secret=***")]
        body = msgspec.json.encode({"hook": f"{HUB_URL}?secret={SECRET}"})
        asked = [(each.method, each.path, each.body) for each in provider.requests]
        assert asked == [("PUT", "/apps/5", body), ("PUT", "/reports/5", body), ("GET", "/apps/5", b"")]
        assert [provider.is_send(each) for each in provider.requests] == [False] * 3
    with pytest.raises(DeclarationError, match="no request sets the webhook"):
        plugin(tmp_path, REGISTERING.replace(one, "  set: []\n"))


def test_requests_about_the_webhook_are_no_sends(tmp_path):
    with simulator_of(plugin(tmp_path, REGISTERING))({**SETTINGS, "sender": "5"}) as provider:
        acting(provider, "register", "unregister")
        assert [provider.is_send(each) for each in provider.requests] == [False] * 4


def test_without_a_setting_that_it_needs_nothing_is_asked(tmp_path):
    with simulator_of(plugin(tmp_path, REGISTERING))(SETTINGS) as provider:
        for step in ("register", "registration", "unregister"):
            with pytest.raises(Misconfigured, match="set sender"):
                acting(provider, step)
        assert provider.requests == []


def test_a_webhook_that_cannot_be_removed_stays(tmp_path):
    with simulator_of(plugin(tmp_path, STAYS))({**SETTINGS, "sender": "5"}) as provider:
        with pytest.raises(Misconfigured, match="keeps a webhook until another takes its place"):
            acting(provider, "register", "unregister")
        assert provider.webhook == f"{HUB_URL}?secret={SECRET}"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(401), Misconfigured),
        (Reply(404), Refused),
        (Reply(429), Temporary),
        (Reply(503), Temporary),
        (Reply(200, b"<html>"), Temporary),
    ],
)
def test_a_provider_that_does_not_do_it_says_what_to_do(tmp_path, reply, error):
    class Answering(simulator_of(plugin(tmp_path, REGISTERING))):
        async def answer(self, request):  # noqa: ARG002 - whatever is asked
            return reply

    with Answering(SETTINGS) as provider, pytest.raises(error) as raised:
        acting(provider, "register", sender="5")
    assert type(raised.value) is error
    assert SECRET not in f"{raised.value!r}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (REGISTERING.replace("needs: [sender]", "needs: [sendr]"), "there is no setting 'sendr'"),
        (REGISTERING.replace(ANSWER, ""), "`register` is missing: what its request is answered"),
        (REGISTERING.replace("method: PUT", "method: PUTT"), 'register.set.method: .*did you mean "PUT"'),
        (REGISTERING.replace('hook: ""', 'hook: "{webhook_url}"'), "{webhook_url} is neither a setting"),
        (REGISTERING.replace("at: app.hook", "at: app..hook"), "30:7: register.at: not a JMESPath expression"),
    ],
)
def test_what_cannot_work_is_refused(tmp_path, text, told):
    with pytest.raises(DeclarationError, match=told):
        plugin(tmp_path, text)


def test_without_a_declaration_there_is_nothing_to_set(tmp_path):
    assert not issubclass(plugin(tmp_path), Registers)


ABLE = [name for name in DECLARED if issubclass(registry.load(name), Registers)]
PROFILE = {
    "telnyx": {"messaging_profile_id": "4001767e-ce0f-4cae-9d5f-0d5e636e7809"},
    "bird": {"webhook_id": "whk_01krdgeqcxet5s7t44vh8rt9mg"},
    "clicksend": {"inbound_rule_id": "10", "receipt_rule_id": "5"},
    "zenvia_sms": {"message_subscription": "m-1", "status_subscription": "s-2"},
    "zenvia_whatsapp": {"message_subscription": "m-1", "status_subscription": "s-2"},
}
PROJECT = "/api/laml/2010-04-01/Accounts/ea108133-d6b3-407c-9536-9fad8a929a6a"
SETS = {
    "plivo": ("POST", "/v1/Account/MAMDJMMTEZOTY0ZMIWOT/Application/1101234567891201/", "message_url"),
    "telnyx": ("PATCH", "/v2/messaging_profiles/4001767e-ce0f-4cae-9d5f-0d5e636e7809", "webhook_url"),
    "bird": ("PATCH", "/v1/webhooks/whk_01krdgeqcxet5s7t44vh8rt9mg", "url"),
    "signalwire": (
        "POST",
        f"{PROJECT}/IncomingPhoneNumbers/b3877c40-da60-4998-90ad-b792e98472pn.json",
        "SmsUrl",
    ),
}


def provider_of(name):
    simulator = import_module(f"{registry.load(name).__module__}.simulator").Simulator
    return simulator({**read_fixtures(FOLDERS[name] / "fixtures").config, **PROFILE.get(name, {})}, HUB_URL)


@pytest.mark.parametrize("name", ABLE)
def test_every_channel_that_registers_sets_its_webhook_and_reads_it_back(name):
    with provider_of(name) as provider:
        before, after = acting(provider, "registration", "register")
        assert before.url is None
        assert (after.url or "").partition("?") in [(HUB_URL, "", ""), (HUB_URL, "?", "secret=***")]


def test_infobip_is_told_where_a_number_forwards_to_and_its_keywords_stay():
    with provider_of("infobip") as provider:
        told = acting(provider, "registration", "register", "unregister", country="GB")
        asked = [(each.method, each.path, each.body) for each in provider.requests]
    where = "/resource-management/1/inbound-message-configurations"
    forwarding = {"type": "HTTP_FORWARD", "url": f"{HUB_URL}?secret=SECRET", "format": "MO_JSON_2"}
    number = {"channel": "SMS", "number": "447700900111", "countryCode": "GB"}
    read = ("GET", f"{where}?channel=SMS&number=447700900111&countryCode=GB", b"")
    secret = provider.config["webhook_secret"].encode()
    assert [(method, path, body.replace(secret, b"SECRET")) for method, path, body in asked] == [
        read,
        ("POST", where, msgspec.json.encode({**number, "forwarding": forwarding})),
        read,
        ("POST", where, msgspec.json.encode({**number, "unset": ["FORWARDING"]})),
        read,
    ]
    assert [each.url for each in told] == [None, f"{HUB_URL}?secret=***", None]


@pytest.mark.parametrize("name", ["zenvia_sms", "zenvia_whatsapp"])
def test_zenvia_has_a_subscription_for_messages_and_one_for_statuses(name):
    with provider_of(name) as provider:
        (told,) = acting(provider, "register")
        asked = [(each.method, each.path, each.body) for each in provider.requests]
        word = provider.config["webhook_secret"]
    body = msgspec.json.encode({"webhook": {"url": f"{HUB_URL}?secret={word}"}})
    assert asked == [
        ("PATCH", "/v2/subscriptions/m-1", body),
        ("PATCH", "/v2/subscriptions/s-2", body),
        ("GET", "/v2/subscriptions/m-1", b""),
    ]
    assert told == Registration(url=f"{HUB_URL}?secret=***")


def test_clicksends_rules_are_all_that_its_library_knows_of_them():
    with provider_of("clicksend") as provider:
        (told,) = acting(provider, "register")
        inbound, receipts, read = provider.requests
        word = provider.config["webhook_secret"]
    assert [(each.method, each.path) for each in (inbound, receipts, read)] == [
        ("PUT", "/v3/automations/sms/inbound/10"),
        ("PUT", "/v3/automations/sms/receipts/5"),
        ("GET", "/v3/automations/sms/inbound/10"),
    ]
    rules = msgspec.json.decode(inbound.body), msgspec.json.decode(receipts.body)
    assert {rule["action_address"] for rule in rules} == {f"{HUB_URL}?secret={word}"}
    assert SmsInboundRule(**rules[0]).model_dump(exclude_none=True) == rules[0]
    assert SmsDeliveryReceiptRule(**rules[1]).model_dump(exclude_none=True) == rules[1]
    assert set(UpdateSmsInboundAutomationRequest.model_fields) == set(rules[0]) - {"webhook_type"}
    assert told == Registration(url=f"{HUB_URL}?secret=***")


@pytest.mark.parametrize("name", SETS)
def test_the_request_that_sets_it_is_as_the_provider_wants_it(name):
    with provider_of(name) as provider:
        acting(provider, "register")
        request = provider.requests[0]
    method, path, field = SETS[name]
    assert (request.method, request.path) == (method, path)
    if request.headers["content-type"] == "application/json":
        assert msgspec.json.decode(request.body)[field] == HUB_URL
    else:
        assert parse_qs(request.body.decode())[field] == [HUB_URL]


def test_some_channels_register():
    assert set(SETS) <= set(ABLE)
