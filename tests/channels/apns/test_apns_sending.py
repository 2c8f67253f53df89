"""What APNs answers, and what the hub is told; and how the connection is kept."""

import asyncio
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from aioapns.connection import JWTAuthorizationHeaderProvider
from apns_app import KEY, PHONE, SETTINGS, answering, during, hello

from connectors.channels.apns import Apns
from connectors.channels.apns.access import Sender
from connectors.channels.apns.config import Config
from connectors.channels.apns.simulator import Simulator, failure
from connectors.kit.config import configured
from connectors.kit.errors import Misconfigured, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.http import Exchange
from connectors.kit.testing.simulator import Failure, Reply
from normalizer.errors import ErrorCode
from tests.channels import beside

UNTAKEN, AUTH, SET_UP = ErrorCode.CONTENT_UNSUPPORTED, ErrorCode.AUTH_FAILED, ErrorCode.MISCONFIGURED


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("status", "reason", "error", "code"),
    [
        (400, "BadCollapseId", Refused, UNTAKEN),
        (400, "BadDeviceToken", Unreachable, ErrorCode.INVALID_ADDRESS),
        (400, "BadExpirationDate", Refused, UNTAKEN),
        (400, "BadMessageId", Refused, UNTAKEN),
        (400, "BadPriority", Refused, UNTAKEN),
        (400, "BadTopic", Misconfigured, SET_UP),
        (400, "DeviceTokenNotForTopic", Unreachable, ErrorCode.INVALID_ADDRESS),
        (400, "DuplicateHeaders", Refused, UNTAKEN),
        (400, "IdleTimeout", Temporary, ErrorCode.PROVIDER_DOWN),
        (400, "InvalidPushType", Refused, UNTAKEN),
        (400, "MissingDeviceToken", Refused, UNTAKEN),
        (400, "MissingTopic", Misconfigured, SET_UP),
        (400, "PayloadEmpty", Refused, UNTAKEN),
        (400, "TopicDisallowed", Misconfigured, SET_UP),
        (403, "BadCertificate", Misconfigured, AUTH),
        (403, "BadCertificateEnvironment", Misconfigured, AUTH),
        (403, "ExpiredProviderToken", Misconfigured, AUTH),
        (403, "Forbidden", Misconfigured, AUTH),
        (403, "InvalidProviderToken", Misconfigured, AUTH),
        (403, "MissingProviderToken", Misconfigured, AUTH),
        (404, "BadPath", Refused, UNTAKEN),
        (405, "MethodNotAllowed", Refused, UNTAKEN),
        (410, "ExpiredToken", Unreachable, ErrorCode.UNREACHABLE),
        (410, "Unregistered", Unreachable, ErrorCode.UNREACHABLE),
        (413, "PayloadTooLarge", Refused, UNTAKEN),
        (429, "TooManyProviderTokenUpdates", Temporary, ErrorCode.RATE_LIMITED),
        (429, "TooManyRequests", Temporary, ErrorCode.RATE_LIMITED),
        (500, "InternalServerError", OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (503, "ServiceUnavailable", Temporary, ErrorCode.PROVIDER_DOWN),
        (503, "Shutdown", Temporary, ErrorCode.PROVIDER_DOWN),
        (400, "SomethingNew", Refused, ErrorCode.UNKNOWN),
        (502, "SomethingNew", OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
    ],
)
def test_each_reason_leads_to_its_next_act(status, reason, error, code):
    with answering(failure(status, reason)) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(hello()))
    assert (raised.value.code, raised.value.provider_code, raised.value.detail) == (code, reason, reason)
    assert getattr(raised.value, "for_good", True)
    if code is ErrorCode.RATE_LIMITED:
        assert raised.value.retry_after == 60


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (Reply(403), Misconfigured, "403"),
        (Reply(410), Unreachable, "410"),
        (Reply(429, headers={"retry-after": "5"}), Temporary, "429"),
        (Reply(302, headers={"location": "https://elsewhere.example.com/"}), OutcomeUnknown, "302"),
        (Reply(503, b"<html>"), OutcomeUnknown, "503"),
    ],
)
def test_what_is_no_answer_of_apples_is_judged_by_what_it_may_have_done(reply, error, code):
    with answering(reply) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(hello()))
    assert raised.value.provider_code == code
    assert len(provider.requests) == 1


def test_of_an_endless_answer_no_more_is_read_than_an_answer_may_have():
    with answering(Reply(200, b"x" * (1 << 20))) as provider, pytest.raises(OutcomeUnknown, match="more than 65536"):
        during(provider, lambda plugin: plugin.send(hello()))


def test_one_connection_and_one_token_serve_many(provider):
    async def act(plugin: Apns) -> list[str]:
        sent = await asyncio.gather(*(plugin.send(hello(number=n)) for n in range(50)))
        return [one.external_ids[0] for one in sent]

    names = during(provider, act)
    assert (len(set(names)), provider.connections) == (50, 1)
    assert len(provider.shown[PHONE]) == 50


def test_a_connection_that_ended_is_replaced_and_nothing_is_repeated(provider):
    async def act(plugin: Apns) -> None:
        await plugin.send(hello())
        provider.next(Failure.RESET)
        with pytest.raises(OutcomeUnknown):
            await plugin.send(hello())
        await plugin.send(hello())

    during(provider, act)
    assert (provider.connections, len(provider.requests), len(provider.shown[PHONE])) == (2, 3, 2)


def test_a_plugin_is_used_again_after_its_client_closed(provider):
    async def act(plugin: Apns) -> None:
        await plugin.send(hello())
        await plugin.tools.http.close()
        await plugin.send(hello())

    during(provider, act)
    assert (provider.connections, len(provider.shown[PHONE])) == (2, 2)


def test_the_same_request_has_the_same_name(provider):
    names = [during(provider, lambda plugin: plugin.send(hello())).external_ids for _ in range(2)]
    assert names[0] == names[1] == (provider.requests[0].headers["apns-id"],)


def test_a_token_serves_for_45_minutes():
    clock = [datetime(2026, 11, 21, 10, tzinfo=UTC)]
    sender = Sender(configured(Config, SETTINGS), lambda: clock[0])
    first = sender.token()
    clock[0] += timedelta(minutes=44)
    assert sender.token() == first
    clock[0] += timedelta(minutes=1)
    assert sender.token() != first


def test_a_token_that_apple_finds_too_old_is_replaced_once_it_is_old_enough():
    clock = [datetime.now(UTC)]

    async def act(plugin: Apns) -> None:
        with pytest.raises(Misconfigured):  # made just now: another would be no better
            await plugin.send(hello())
        clock[0] += timedelta(minutes=21)
        with pytest.raises(Temporary):
            await plugin.send(hello())

    with answering(failure(403, "ExpiredProviderToken")) as provider:
        beside.during(Apns, provider, act, clock=lambda: clock[0])


def test_the_token_is_the_one_aioapns_makes():
    theirs = JWTAuthorizationHeaderProvider(KEY, "ABC123DEFG", "DEF123GHIJ").get_header().removeprefix("bearer ")
    ours = Sender(configured(Config, SETTINGS), lambda: datetime.now(UTC)).token()
    assert jwt.get_unverified_header(ours) == jwt.get_unverified_header(theirs)
    mine, other = (jwt.decode(one, options={"verify_signature": False}) for one in (ours, theirs))
    assert (mine.keys(), mine["iss"]) == (other.keys(), other["iss"])
    assert abs(mine["iat"] - other["iat"]) <= 2


def test_what_is_no_devices_token_never_becomes_part_of_a_path(provider):
    for strange in ("../x", f"{PHONE}#0199", "?", "/3/device/x"):
        with pytest.raises(Unreachable):
            during(provider, lambda plugin, strange=strange: plugin.send(hello(to=strange)))
    assert provider.requests == []


def test_whatever_is_said_fits(provider):
    worst = {"preview": True, "title": '"' * 100, "link": "https://app.example.com/" + "x" * 376}
    for letter in ('"', "\n", "👋", "é"):
        words = letter * (1000 // len(letter.encode()))
        during(provider, lambda plugin, words=words: plugin.send(hello(words)), **worst)
    assert all(len(request.body) <= 4096 for request in provider.requests)
    assert len(provider.shown[PHONE]) == 4


def test_every_exchange_is_in_the_log_and_no_credential(provider):
    log: list[Exchange] = []

    async def act(plugin: Apns) -> None:
        await plugin.send(hello())
        provider.next(Failure.RESET, Failure.UNREACHABLE)
        for _ in range(2):
            with pytest.raises((OutcomeUnknown, Unreachable)):
                await plugin.send(hello())

    beside.during(Apns, provider, act, log=log.append, clock=lambda: datetime.now(UTC))
    assert [(one.method, one.status) for one in log] == [("POST", 200), ("POST", None), ("POST", 410)]
    assert (log[0].error, (log[1].error or "").partition(":")[0], log[2].error) == (None, "no complete answer", None)
    assert "Unregistered" in log[2].response_body
    assert not any(word in repr(log) for word in ("bearer", "eyJ", "PRIVATE KEY"))
