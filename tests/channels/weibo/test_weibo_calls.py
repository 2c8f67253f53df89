"""Who is let in, what is answered, and what damaged calls become."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from weibo_account import LI, SECRET, SETTINGS, plugin

from connectors.channels.weibo.event import moment
from connectors.channels.weibo.parse import parse
from connectors.channels.weibo.simulator import Simulator
from connectors.families.handshake import signature
from connectors.kit.base import Outcome
from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.fixtures import as_request
from connectors.kit.request import Request
from connectors.kit.testing.simulator import WireRequest
from normalizer.inbound import MessageReceived, Unreadable
from tests.channels.beside import HOOK


@pytest.fixture
def provider() -> Simulator:
    return Simulator(SETTINGS, HOOK)


def came(wire: WireRequest, **later: float) -> Request:
    return as_request(wire, HOOK, datetime.now(UTC) + timedelta(**later))


def test_the_signature_is_the_one_weibo_publishes():
    # open.weibo.com/wiki/Messages_api_start
    wanted = "90e4c22c90a58f26526c2dd5b6c56c8822edeaa1"
    assert signature("xyz123xyz", "1397022061823", "57155157") == wanted


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_call_is_refused(provider, seconds):
    wire = provider.genuine(provider.message("hello", LI))
    plugin().verify(came(wire, seconds=seconds / 2))
    with pytest.raises(BadSignature, match="too long ago"):
        plugin().verify(came(wire, seconds=seconds))


@pytest.mark.parametrize("at", ["", "soon", "9" * 40, "\u0663" * 13])
def test_a_time_that_is_none_is_refused(at):
    query = f"signature={signature(SECRET, at, 'n')}&timestamp={at}&nonce=n"
    with pytest.raises(BadSignature, match="too long ago"):
        plugin().verify(Request("POST", f"{HOOK}?{query}", {}, b"{}", datetime.now(UTC)))


def test_who_presents_nothing_is_told_apart():
    with pytest.raises(BadSignature) as raised:
        plugin().verify(came(WireRequest("POST", "/in/support", {}, b"{}")))
    assert raised.value.missing


def test_the_address_is_set(provider):
    request = came(provider.greeting("6011230012"))
    plugin().verify(request)
    assert plugin().parse(request) == []
    answer = plugin().respond(request, Outcome.RECORDED)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (
        200,
        b"6011230012",
        "text/plain; charset=utf-8",
    )


@pytest.mark.parametrize(
    ("outcome", "status"), [(Outcome.RECORDED, 200), (Outcome.QUARANTINED, 200), (Outcome.OVERLOADED, 503)]
)
def test_all_else_is_answered_with_nothing(provider, outcome, status):
    answer = plugin().respond(came(provider.genuine(provider.message())), outcome)
    assert (answer.status, answer.body) == (status, b"")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Mon Jul 16 18:09:20 +0800 2026", "2026-07-16T10:09:20+00:00"),
        ("Thu Dec 31 23:30:00 -0130 2026", "2027-01-01T01:00:00+00:00"),
    ],
)
def test_times_are_read_whatever_the_locale(text, at):
    assert moment(text).isoformat() == at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-07-16 18:09:20",
        "Mon Jly 16 18:09:20 +0800 2026",
        "Mon Feb 30 18:09:20 +0800 2026",
        "Mon Jul 16 25:09:20 +0800 2026",
        "Mon Jul 16 18:09:20 +9900 2026",
        "Mon Jan 01 00:00:00 +0800 0001",
        "Mon Jul 16 18:09:20 +0800 2026\n",
    ],
)
def test_what_is_no_time_is_told(text):
    with pytest.raises(BadPayload, match="created_at is no time"):
        moment(text)


def item(provider: Simulator, **data: object) -> MessageReceived | Unreadable:
    (found,) = parse(provider.said("hologram", LI, "look", **data), 1902500011)
    assert isinstance(found, MessageReceived | Unreadable)
    return found


def test_what_is_nested_too_deeply_to_be_passed_on_is_set_aside(provider):
    inner: object = "box"
    for _ in range(14):
        inner = [inner]
    assert isinstance(item(provider, inner=inner), MessageReceived)
    found = item(provider, inner=[inner, [inner]])
    assert isinstance(found, Unreadable)
    assert found.reason == "nested too deeply"


def test_other_words_or_another_time_make_another_message(provider):
    told = msgspec.json.decode(provider.said("position", LI, "here", longitude="116.3", latitude="39.9"))
    others = ({}, {"text": "there"}, {"data": {**told["data"], "latitude": "40"}}, {"sender_id": 7}, {"type": "text"})
    keys = [parse(msgspec.json.encode({**told, **other}), 1902500011)[0].key for other in (*others, {})]
    assert keys[0] == keys[-1]
    assert len(set(keys)) == len(others)
