"""What the API answers, and what the hub is told; tokens; settings that are wrong; and judges."""

from datetime import timedelta

import msgspec
import pytest
from google.auth.transport.requests import Request as Transport
from google.oauth2.service_account import Credentials
from googleapiclient.discovery import build
from googleapiclient.http import HttpMockSequence
from play import HELLO, SETTINGS, answering, during, saying

from connectors.channels.googleplay_reviews import GooglePlayReviews
from connectors.channels.googleplay_reviews.config import Config
from connectors.channels.googleplay_reviews.simulator import FIRST, Simulator, failed, new_account
from connectors.channels.googleplay_reviews.tokens import SCOPE
from connectors.kit.base import Account, Polled
from connectors.kit.collects import Collected
from connectors.kit.config import configured
from connectors.kit.errors import Misconfigured, OutcomeUnknown, Refused, Temporary, Unreachable
from connectors.kit.http import Exchange
from connectors.kit.testing.simulator import Reply
from normalizer.errors import ErrorCode
from tests.channels import beside
from tests.channels.beside import NOW


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"package_name": "acme"}, "package_name"),
        ({"service_account_key": "{}"}, "service_account_key: the whole JSON"),
        ({"service_account_key": "play.json"}, "service_account_key: the whole JSON"),
        ({"past_days": 8}, "past_days"),
        ({"api_base": "https://androidpublisher.googleapis.com/v3"}, "api_base"),
        ({"longest": 0}, "longest"),
    ],
)
def test_a_wrong_setting_is_named(settings, says):
    with pytest.raises(msgspec.ValidationError, match=says) as error:
        configured(Config, {**SETTINGS, **settings})
    assert "PRIVATE KEY" not in str(error.value)


@pytest.mark.parametrize(
    ("reply", "error", "code"),
    [
        (failed(400, "INVALID_ARGUMENT", "no"), Refused, ErrorCode.POLICY_REJECTED),
        (failed(404, "NOT_FOUND", "no"), Unreachable, ErrorCode.UNREACHABLE),
        (failed(401, "UNAUTHENTICATED", "no"), Misconfigured, ErrorCode.AUTH_FAILED),
        (failed(403, "PERMISSION_DENIED", "no"), Misconfigured, ErrorCode.AUTH_FAILED),
        (failed(403, "PERMISSION_DENIED", "no", "quotaExceeded"), Temporary, ErrorCode.RATE_LIMITED),
        (failed(429, "RESOURCE_EXHAUSTED", "no"), Temporary, ErrorCode.RATE_LIMITED),
        (Reply(500), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
        (Reply(200, b"<html>"), OutcomeUnknown, ErrorCode.PROVIDER_DOWN),
    ],
)
def test_each_answer_leads_to_its_next_act(reply, error, code):
    with answering(reply) as provider, pytest.raises(error) as raised:
        during(provider, lambda plugin: plugin.send(HELLO), rate_pause=9)
    assert raised.value.code == code
    assert getattr(raised.value, "retry_after", None) == (9 if code is ErrorCode.RATE_LIMITED else None)


def test_who_had_too_much_is_waited_for_as_long_as_google_says():
    with answering(Reply(429, b"", {"retry-after": "77"})) as provider, pytest.raises(Temporary) as raised:
        during(provider, lambda plugin: plugin.send(HELLO))
    assert raised.value.retry_after == 77


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(403), Misconfigured),
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


def test_what_is_too_long_or_in_pieces_is_refused_before_it_leaves(provider):
    async def act(plugin: GooglePlayReviews) -> None:
        with pytest.raises(Refused, match="350"):
            await plugin.send(saying("x" * 351))
        await plugin.send(saying("x" * 350))
        with pytest.raises(Refused, match="one answer"):
            await plugin.send(saying("And more", "1.2"))

    during(provider, act)
    assert provider.replies() == ["x" * 350]


def test_one_token_serves_until_it_ends_or_is_refused(provider):
    at = [NOW]

    async def act(plugin: GooglePlayReviews) -> None:
        for _ in range(3):
            await plugin.check()
        assert len(provider.tokens) == 1
        at[0] = NOW + timedelta(minutes=59)
        await plugin.check()
        assert len(provider.tokens) == 2
        provider.lapsed = True
        with pytest.raises(Misconfigured):
            await plugin.check()
        await plugin.check()
        assert len(provider.tokens) == 3

    beside.during(GooglePlayReviews, provider, act, clock=lambda: at[0])


def test_another_account_is_given_no_token(provider):
    for key in (new_account(), SETTINGS["service_account_key"].replace("hub@", "other@")):
        with pytest.raises(Misconfigured):
            during(provider, lambda plugin: plugin.check(), service_account_key=key)
    assert provider.tokens == []


def test_a_key_of_another_kind_is_told_without_showing_it(provider):
    broken = SETTINGS["service_account_key"].replace("MII", "AAA")
    with pytest.raises(Misconfigured, match="no key for RS256"):
        during(provider, lambda plugin: plugin.check(), service_account_key=broken)


def test_the_log_of_exchanges_has_neither_tokens_nor_words_that_give_them(provider):
    kept: list[Exchange] = []
    beside.during(GooglePlayReviews, provider, lambda plugin: plugin.send(HELLO), log=kept.append)
    assert len(kept) == 2
    assert "ya29" not in repr(kept)
    assert "assertion=***" in kept[0].request_body


def test_the_account_is_tried_by_reading_a_review(provider):
    assert during(provider, lambda plugin: plugin.check()) == Account(
        name="com.example.acme", details={"account": "hub@acme.iam.gserviceaccount.com"}
    )


async def brought(plugin: GooglePlayReviews, cursor: str | None) -> tuple[list[str], str]:
    """Which reviews a poll brings, `*` before those that were edited."""
    found = await plugin.poll(cursor)
    if isinstance(found, Polled):
        return [], found.cursor
    assert isinstance(found, Collected)
    body = b"".join([chunk async for chunk in found.chunks])
    marks = ["*" if word == "edited" else "" for word in found.headers["news"].split(",")]
    names = [one["comments"][0]["userComment"]["text"] for one in msgspec.json.decode(body)["reviews"]]
    return [mark + name for mark, name in zip(marks, names, strict=True)], found.cursor


def test_the_first_look_brings_some_days_and_later_ones_what_is_new_or_edited(provider):
    now = NOW.timestamp()
    name = provider.write("Two days ago", at=now - 2 * 86_400)
    provider.write("Five days ago", at=now - 5 * 86_400)

    async def act(plugin: GooglePlayReviews) -> None:
        first, cursor = await brought(plugin, None)
        assert first == ["Two days ago"]
        assert await brought(plugin, cursor) == ([], cursor)
        provider.write("Now", at=now)
        provider.write("Changed their mind", 5, at=now, name=name)
        await plugin.send(saying("Thank you", review=name))
        second, cursor = await brought(plugin, cursor)
        assert second == ["Now", "*Changed their mind"]
        assert await brought(plugin, cursor) == ([], cursor)

    during(provider, act, poll_seconds=0.01, past_days=3)


def test_further_pages_are_read_while_all_of_one_is_news(provider):
    provider.page = 2
    for hour in range(7):
        provider.write(f"{hour} hours ago", at=NOW.timestamp() - hour * 3600)

    async def act(plugin: GooglePlayReviews) -> list[str]:
        return (await brought(plugin, None))[0]

    assert during(provider, act) == [f"{hour} hours ago" for hour in reversed(range(7))]
    assert [request.path.partition("?")[2] for request in provider.requests] == [
        "maxResults=100",
        *(f"maxResults=100&token={start}" for start in (2, 4, 6)),
    ]


def test_googles_own_client_asks_and_replies_by_the_same_requests(provider):
    during(provider, lambda plugin: plugin.send(HELLO))
    during(provider, lambda plugin: plugin.poll(None))
    ours = [(request.method, request.path.partition("?")[0], request.body) for request in provider.requests]
    api = build("androidpublisher", "v3", http=HttpMockSequence([]), static_discovery=True)
    reply = api.reviews().reply(packageName="com.example.acme", reviewId=FIRST, body={"replyText": HELLO.payload.text})
    listed = api.reviews().list(packageName="com.example.acme", maxResults=100)
    base = "https://androidpublisher.googleapis.com"
    theirs = [(one.method, one.uri.removeprefix(base).partition("?")[0], one.body) for one in (reply, listed)]
    assert [(method, path) for method, path, _ in ours] == [(method, path) for method, path, _ in theirs]
    assert msgspec.json.decode(ours[0][2]) == msgspec.json.decode(theirs[0][2])
    assert configured(Config, SETTINGS).api_base == base
    assert SCOPE in api._rootDesc["auth"]["oauth2"]["scopes"]


def test_googles_own_account_says_the_same_to_get_a_token(provider):
    during(provider, lambda plugin: plugin.check())
    info = {**msgspec.json.decode(SETTINGS["service_account_key"]), "token_uri": f"{provider.url}/token"}
    credentials = Credentials.from_service_account_info(info, scopes=[SCOPE])
    credentials.refresh(Transport())
    ours, theirs = provider.tokens
    assert credentials.token == "ya29.simulated-access-token"
    assert {**ours, "iat": 0, "exp": 0} == {**theirs, "iat": 0, "exp": 0}
    assert ours["exp"] - ours["iat"] == theirs["exp"] - theirs["iat"]
