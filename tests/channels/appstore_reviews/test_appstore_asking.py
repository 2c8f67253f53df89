"""What App Store Connect answers, and what the hub is told; and settings that are wrong."""

from datetime import timedelta

import msgspec
import pytest
from apple import HELLO, SETTINGS, answering, during, saying

from connectors.channels.appstore_reviews import AppStoreReviews, token
from connectors.channels.appstore_reviews.config import Config
from connectors.channels.appstore_reviews.simulator import Simulator, failed
from connectors.kit.base import Account, Polled
from connectors.kit.collects import Collected
from connectors.kit.config import configured
from connectors.kit.errors import Misconfigured, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.testing.simulator import Failure, Reply
from normalizer.errors import ErrorCode
from tests.channels.beside import NOW


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"app_id": "com.example.acme"}, "app_id"),
        ({"key_id": ""}, "key_id"),
        ({"issuer_id": "me"}, "issuer_id"),
        ({"private_key": "MIGTAgEAMBMG"}, "private_key: the whole text"),
        ({"api_base": "https://api.example.com/v1"}, "api_base"),
        ({"poll_seconds": 0}, "poll_seconds"),
    ],
)
def test_a_wrong_setting_is_named(settings, says):
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, {**SETTINGS, **settings})
    assert SETTINGS["private_key"] not in str(error.value)


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (failed(409, "STATE_ERROR", "no"), Refused, ErrorCode.POLICY_REJECTED),
        (failed(422, "ENTITY_ERROR", "no"), Refused, ErrorCode.POLICY_REJECTED),
        (failed(404, "NOT_FOUND", "no"), Unreachable, ErrorCode.UNREACHABLE),
        (failed(401, "NOT_AUTHORIZED", "no"), Misconfigured, ErrorCode.AUTH_FAILED),
        (failed(403, "FORBIDDEN_ERROR", "no"), Misconfigured, ErrorCode.AUTH_FAILED),
        (Reply(429), Temporary, ErrorCode.RATE_LIMITED),
        (Reply(500), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (Reply(201, b"<html>"), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
    ],
)
def test_each_answer_leads_to_its_next_act(reply, error, code):
    with answering(reply) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(HELLO), rate_pause=9)
    assert raised.value.code == code
    assert getattr(raised.value, "retry_after", None) == (9 if code is ErrorCode.RATE_LIMITED else None)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(401), Misconfigured),
        (Reply(404), Misconfigured),
        (Reply(429), Temporary),
        (Reply(503), Temporary),
        (Reply(200, b"?"), Temporary),
    ],
)
def test_what_keeps_reviews_from_being_read_is_told(reply, error):
    for act in (lambda plugin: plugin.poll(None), lambda plugin: plugin.check()):
        with answering(reply) as provider, pytest.raises(error):
            during(provider, act)


def test_a_second_piece_would_replace_the_first_and_a_second_try_does_not(provider):
    async def act(plugin: AppStoreReviews) -> None:
        await plugin.send(HELLO)
        await plugin.send(HELLO)
        with pytest.raises(Refused, match="one answer"):
            await plugin.send(saying("And more", "1.2"))
        with pytest.raises(Refused):
            await plugin.send(saying(""))

    during(provider, act)
    assert len(provider.performed) == 2


def test_a_key_of_another_kind_is_told_without_showing_it(provider):
    broken = SETTINGS["private_key"].replace("MIG", "AAA")
    with pytest.raises(Misconfigured, match="no key for ES256") as raised:
        during(provider, lambda plugin: plugin.check(), private_key=broken)
    assert broken not in repr(raised.value.__context__)


def test_the_key_is_tried_by_reading_the_apps_name(provider):
    assert during(provider, lambda plugin: plugin.check()) == Account(
        name="Acme", details={"bundle_id": "com.example.acme", "app_id": "1234567890"}
    )
    with pytest.raises(Misconfigured):
        during(provider, lambda plugin: plugin.check(), key_id="OTHER")


async def brought(plugin: AppStoreReviews, cursor: str | None) -> tuple[list[str], str]:
    """Which reviews a poll brings, `*` before those that were edited."""
    found = await plugin.poll(cursor)
    if isinstance(found, Polled):
        return [], found.cursor
    assert isinstance(found, Collected)
    body = b"".join([chunk async for chunk in found.chunks])
    marks = ["*" if word == "edited" else "" for word in found.headers["news"].split(",")]
    data = msgspec.json.decode(body)["data"]
    names = [one["attributes"].get("title") or one["attributes"]["state"] for one in data]
    return [mark + name for mark, name in zip(marks, names, strict=True)], found.cursor


def test_the_first_look_brings_some_days_and_later_ones_what_is_new_or_edited(provider):
    name = provider.write("Two days ago", "", at=NOW - timedelta(days=2))
    provider.write("Two weeks ago", "", at=NOW - timedelta(days=14))
    provider.write("Yesterday", "", at=NOW - timedelta(days=1))

    async def act(plugin: AppStoreReviews) -> None:
        first, cursor = await brought(plugin, None)
        assert first == ["Two days ago", "Yesterday"]
        assert await brought(plugin, cursor) == ([], cursor)
        provider.write("Now", "", at=NOW)
        provider.write("Changed their mind", "", rating=5, name=name)
        await plugin.send(saying("Thank you", review=name))
        second, cursor = await brought(plugin, cursor)
        assert second == ["Now", "PENDING_PUBLISH", "*Changed their mind"]
        provider.publish()
        third, cursor = await brought(plugin, cursor)
        assert third == ["*PUBLISHED"]
        assert await brought(plugin, cursor) == ([], cursor)

    during(provider, act, poll_seconds=0.01)


def test_further_pages_are_read_while_all_of_one_is_news(provider):
    provider.page = 2
    for hour in range(7):
        provider.write(f"{hour} hours ago", "", at=NOW - timedelta(hours=hour))

    async def act(plugin: AppStoreReviews) -> list[str]:
        return (await brought(plugin, None))[0]

    assert during(provider, act) == [f"{hour} hours ago" for hour in reversed(range(7))]
    assert len(provider.requests) == 4
    provider.clear()
    assert during(provider, act, pages=2) == [f"{hour} hours ago" for hour in reversed(range(4))]


def test_the_simulator_lets_nobody_in_without_a_good_token(provider):
    config = configured(Config, {**SETTINGS, "issuer_id": "00000000-0000-0000-0000-000000000000"})
    assert provider._said(token(config, NOW)).startswith("not a token")
    provider.next(Failure.UNAUTHORIZED)
    with pytest.raises(Misconfigured):
        during(provider, lambda plugin: plugin.send(HELLO))
