"""What FCM and Google's tokens answer, and what the hub is told."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fcm_app import ACCOUNT, SETTINGS, Answering, during, hello

from connectors.channels.fcm import Fcm
from connectors.channels.fcm.simulator import Simulator, failure
from connectors.kit.base import Account
from connectors.kit.errors import Misconfigured, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.http import Exchange
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode
from tests.channels import beside

MISMATCH, THIRD_PARTY = "SENDER_ID_MISMATCH", "THIRD_PARTY_AUTH_ERROR"


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


def violation(field: str) -> Reply:
    bad = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"field": field}]}
    return Reply.json({"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "words", "details": [bad]}}, 400)


@pytest.mark.parametrize(
    ("reply", "error", "code", "provider_code"),
    [
        (failure(404, "NOT_FOUND", "words", "UNREGISTERED"), Unreachable, ErrorCode.UNREACHABLE, "UNREGISTERED"),
        (
            failure(403, "X", "words", MISMATCH),
            Unreachable,
            ErrorCode.INVALID_ADDRESS,
            MISMATCH,
        ),
        (failure(400, "X", "words", "INVALID_ARGUMENT"), Unreachable, ErrorCode.INVALID_ADDRESS, "INVALID_ARGUMENT"),
        (violation("message.token"), Unreachable, ErrorCode.INVALID_ADDRESS, "INVALID_ARGUMENT"),
        (violation("message.android.ttl"), Refused, ErrorCode.CONTENT_UNSUPPORTED, "INVALID_ARGUMENT"),
        (failure(400, "INVALID_ARGUMENT", "words"), Refused, ErrorCode.CONTENT_UNSUPPORTED, "INVALID_ARGUMENT"),
        (
            failure(401, "X", "words", THIRD_PARTY),
            Refused,
            ErrorCode.MISCONFIGURED,
            THIRD_PARTY,
        ),
        (failure(401, "UNAUTHENTICATED", "words"), Misconfigured, ErrorCode.AUTH_FAILED, "UNAUTHENTICATED"),
        (failure(403, "PERMISSION_DENIED", "words"), Misconfigured, ErrorCode.AUTH_FAILED, "PERMISSION_DENIED"),
        (failure(404, "NOT_FOUND", "words"), Misconfigured, ErrorCode.MISCONFIGURED, "NOT_FOUND"),
        (failure(429, "X", "words", "QUOTA_EXCEEDED"), Temporary, ErrorCode.RATE_LIMITED, "QUOTA_EXCEEDED"),
        (failure(500, "INTERNAL", "words", "INTERNAL"), OutcomeUnknown, ErrorCode.PROVIDER_DOWN, "INTERNAL"),
        (failure(503, "X", "words", "UNAVAILABLE"), Temporary, ErrorCode.PROVIDER_DOWN, "UNAVAILABLE"),
        (Reply(502, b"<html>"), OutcomeUnknown, ErrorCode.PROVIDER_DOWN, "502"),
        (Reply(418), Refused, ErrorCode.UNKNOWN, "418"),
        (Reply(403), Misconfigured, ErrorCode.AUTH_FAILED, "403"),
    ],
)
def test_each_error_leads_to_its_next_act(reply, error, code, provider_code):
    with Answering(reply) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(hello()))
    assert (raised.value.code, raised.value.provider_code) == (code, provider_code)
    assert raised.value.detail in ("words", f"HTTP status {reply.status}")
    assert getattr(raised.value, "for_good", True)


@pytest.mark.parametrize(
    ("reply", "wait"),
    [
        (failure(429, "X", "words", "QUOTA_EXCEEDED", retry_after="30"), 30),
        (failure(429, "X", "words", "QUOTA_EXCEEDED"), 60),
        (failure(503, "X", "words", "UNAVAILABLE", retry_after="12"), 12),
        (failure(503, "X", "words", "UNAVAILABLE"), None),
    ],
)
def test_it_is_waited_for_as_long_as_fcm_says(reply, wait):
    with Answering(reply) as provider, pytest.raises(Temporary) as raised:
        during(provider, lambda plugin: plugin.send(hello()))
    assert raised.value.retry_after == wait


def test_an_answer_that_names_no_message_leaves_it_open():
    with Answering(Reply(200, b"{}")) as provider, pytest.raises(OutcomeUnknown):
        during(provider, lambda plugin: plugin.send(hello()))


def test_one_access_token_serves_until_it_is_about_to_lapse(provider):
    clock = [datetime.now(UTC) - timedelta(minutes=56)]

    async def act(plugin: Fcm) -> None:
        for minutes in (0, 54, 2):
            clock[0] += timedelta(minutes=minutes)
            await plugin.send(hello())

    beside.during(Fcm, provider, act, clock=lambda: clock[0])
    bearers = [request.headers["authorization"] for request in provider.requests]
    assert bearers == ["Bearer ya29.simulated-1", "Bearer ya29.simulated-1", "Bearer ya29.simulated-2"]


def test_an_access_token_that_was_withdrawn_is_replaced_and_the_next_attempt_goes(provider):
    async def act(plugin: Fcm) -> None:
        await plugin.send(hello())
        provider.granted[0] = "withdrawn"
        with pytest.raises(Temporary) as raised:
            await plugin.send(hello())
        assert raised.value.retry_after is None
        await plugin.send(hello())

    during(provider, act)
    assert (len(provider.requests), len(provider.granted), len(provider.shown["phone"])) == (3, 2, 2)


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (
            Reply.json({"error": "invalid_grant", "error_description": "no account"}, 400),
            Misconfigured,
            "account",
        ),
        (Reply(401), Misconfigured, "401"),
        (Reply(429, headers={"retry-after": "9"}), Temporary, "too many"),
        (Reply(503), Temporary, "503"),
        (Reply(200, b"?"), Temporary, "cannot be read"),
        (Reply.json({"access_token": "two\nlines"}), Temporary, "cannot be read"),
    ],
)
def test_without_an_access_token_nothing_is_sent(reply, error, says):
    with Answering(Reply(200), reply) as provider:
        for act in (lambda plugin: plugin.send(hello()), lambda plugin: plugin.check()):
            with pytest.raises(error, match=says):
                during(provider, act)
        assert provider.requests == []


def test_another_accounts_key_gets_no_access_token(provider):
    key = generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    other = json.dumps({**json.loads(ACCOUNT), "private_key": pem})
    with pytest.raises(Misconfigured, match="Invalid JWT Signature") as raised:
        during(provider, lambda plugin: plugin.send(hello()), service_account=other)
    assert (raised.value.provider_code, provider.requests) == ("invalid_grant", [])


def test_the_check_asks_for_an_access_token(provider):
    told = Account(name="push@acme-app.iam.gserviceaccount.com", details={"project": "acme-app"})
    assert during(provider, lambda plugin: plugin.check()) == told
    assert (provider.requests, len(provider.granted)) == ([], 1)


def test_whatever_is_said_fits(provider):
    worst = {"preview": True, "title": '"' * 100, "link": "https://app.example.com/" + "x" * 376}
    for letter in ('"', "\n", "👋", "é"):
        words = letter * (1000 // len(letter.encode()))
        during(provider, lambda plugin, words=words: plugin.send(hello(words)), **worst)
    assert all(len(request.body) <= 4096 for request in provider.requests)
    assert len(provider.shown["phone"]) == 4


def test_the_log_of_exchanges_holds_no_credential(provider):
    log: list[Exchange] = []
    clock = lambda: datetime.now(UTC)  # noqa: E731
    beside.during(Fcm, provider, lambda plugin: plugin.send(hello()), log=log.append, clock=clock)
    told = " ".join(map(repr, log))
    assert len(log) == 2
    assert not any(word in told for word in ("ya29", "APA91b", "eyJ", "PRIVATE KEY", ACCOUNT))
