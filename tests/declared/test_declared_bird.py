"""Bird's own library judges its channel: what comes, what we send, and what is signed."""

import warnings
from datetime import UTC, datetime
from importlib import import_module

import httpx
import msgspec
import pytest
from declared_channels import FOLDERS

from connectors.channels.bird import Bird as Channel
from connectors.channels.bird.simulator import Simulator
from connectors.kit.fixtures import as_request, read_fixtures

FIXTURES = read_fixtures(FOLDERS["bird"] / "fixtures")
UNKNOWN = ("status_new", "of_another_channel")


@pytest.fixture(scope="module")
def bird():
    """The library, which takes seconds to import and shadows a name of its own models."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Field name", category=UserWarning)
        return import_module("bird")


@pytest.mark.parametrize("case", [case for case in FIXTURES.inbound if case.name not in UNKNOWN], ids=str)
def test_birds_models_read_every_fixture(bird, case):
    told = msgspec.json.decode(case.request.body)
    event = bird._generated.WebhookEvent.model_validate(told).root
    assert (event.type, event.data.model_dump(by_alias=True, exclude_unset=True)) == (told["type"], told["data"])


def test_every_event_of_sms_is_known(bird):
    known = {str(word) for words in Channel.declaration.statuses.values() for word in words}
    events = {word for name, word in vars(bird._event_types.WebhookEventType).items() if name.startswith("SMS_")}
    assert events == known | {"sms.received", "sms_suppression.created"}


def test_every_reason_of_a_failure_has_a_meaning(bird):
    codes = {str(code) for codes in Channel.declaration.errors.values() for code in codes}
    assert {code.value for code in bird._generated.SMSErrorCode} - {"unknown"} <= codes


def test_bird_verifies_what_the_simulator_signs(bird):
    provider = Simulator(FIXTURES.config)
    receiver = bird.Bird(webhook_secret=FIXTURES.config["signing_secret"])
    request = as_request(
        provider.report("sms_01krdgeqcxet5s7t44vh8rt9mg", "sms.new"), provider.hub_url, datetime.now(UTC)
    )
    assert receiver.webhooks.unwrap(request.body, request.headers).root.type == "sms.new"
    with pytest.raises(bird.WebhookVerificationError):
        receiver.webhooks.unwrap(request.body + b" ", request.headers)


def test_birds_client_sends_what_we_send(bird):
    (case,) = FIXTURES.outbound
    (ours,) = case.wire
    told = msgspec.json.decode(ours.body)
    sent = []

    def answer(request):
        sent.append(request)
        return httpx.Response(503)

    client = bird.Bird(
        api_key=FIXTURES.config["api_key"],
        max_retries=0,
        http_client=httpx.Client(transport=httpx.MockTransport(answer)),
    )
    with client, pytest.raises(bird.APIStatusError):
        client.sms.send(
            from_=told["from"],
            **{name: told[name] for name in ("to", "text", "category", "metadata")},
            options={"idempotency_key": case.outbound.token},
        )
    (theirs,) = sent
    named = ("authorization", "content-type", "idempotency-key")
    assert (theirs.method, str(theirs.url)) == (ours.method, f"https://us1.platform.bird.com{ours.path}")
    assert [theirs.headers[name] for name in named] == [ours.headers[name] for name in named]
    assert msgspec.json.decode(theirs.content) == told
