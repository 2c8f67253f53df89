"""Bird's own library judges its channel: what comes, what we send, and what is signed."""

import warnings
from datetime import UTC, datetime
from importlib import import_module
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec
import pytest
from declared_channels import FOLDERS

from connectors.channels.bird import Bird as Channel
from connectors.channels.bird.simulator import Simulator
from connectors.kit.fixtures import as_request, read_fixtures
from connectors.kit.testing.simulator import Reply
from tests.channels.beside import HOOK, during

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


CREATED = "2026-11-21T09:30:00Z"


def told(number, **more):
    """An item of Bird's list, as its library's model wants it."""
    return {
        "id": f"sms_01krdgeqcxet5s7t44vh8rt9m{number}",
        "direction": "inbound",
        "status": "received",
        "to": "+447700900111",
        "from": "+447700900222",
        "text": f"no. {number}",
        "created_at": CREATED,
        "requested_language": None,
        "resolved_language": None,
        "template_id": None,
        "template_version_id": None,
        "template_content_hash": None,
        "segments": {"count": 1, "characters": 5, "encoding": "GSM_7BIT"},
        **more,
    }


PAGES = {
    "": {"data": [told(3)], "next_cursor": "after/3", "prev_cursor": None, "refresh_cursor": "r"},
    "after/3": {"data": [told(2)], "next_cursor": None, "prev_cursor": None, "refresh_cursor": "r"},
}


def page(query):
    """The page of a request with this query."""
    return PAGES[dict(parse_qsl(query)).get("starting_after", "")]


def test_birds_client_lists_as_we_do(bird):
    asked = []

    def answer(request):
        asked.append(f"{request.url.path}?{request.url.query.decode()}")
        return httpx.Response(200, json=page(request.url.query.decode()))

    class Listing(Simulator):
        async def answer(self, request):
            return Reply.json(page(urlsplit(request.path).query))

    with bird.Bird(
        api_key=FIXTURES.config["api_key"], http_client=httpx.Client(transport=httpx.MockTransport(answer))
    ) as client:
        since = "2026-11-21T09:00:00.000Z"
        listed = client.sms.list(direction="inbound", to="+447700900111", created_after=since, limit=100)
        theirs = [(message.id, message.text) for message in listed]
    with Listing(FIXTURES.config) as provider:
        found = during(Channel, provider, lambda channel: channel.backfill(since))
        ours = [each.path for each in provider.requests]
    assert [parsed(each) for each in ours] == [parsed(each) for each in asked]
    assert [(each.external_id, each.text) for each in found.inbound] == sorted(theirs)


def parsed(path):
    return urlsplit(path).path, dict(parse_qsl(urlsplit(path).query))


def test_birds_client_moves_a_webhook_as_we_do(bird):
    asked = []

    def answer(request):
        asked.append((request.method, request.url.path, msgspec.json.decode(request.content)))
        return httpx.Response(503)

    client = bird.Bird(
        api_key=FIXTURES.config["api_key"],
        max_retries=0,
        http_client=httpx.Client(transport=httpx.MockTransport(answer)),
    )
    name = "whk_01krdgeqcxet5s7t44vh8rt9mg"
    with client, pytest.raises(bird.APIStatusError):
        client.webhooks.update(name, url=HOOK)
    with Simulator({**FIXTURES.config, "webhook_id": name}, HOOK) as provider:
        assert during(Channel, provider, lambda channel: channel.register(HOOK)).url == HOOK
        ours = provider.requests[0]
    assert asked == [(ours.method, ours.path, msgspec.json.decode(ours.body))]
