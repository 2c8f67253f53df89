"""Who is let in, what is kept of a call, and what is answered."""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest
from vk_community import FIXTURES, OLGA, SECRET, SETTINGS, plugin

from connectors.channels.vk.simulator import CODE, Simulator
from connectors.kit.base import Outcome
from connectors.kit.errors import BadSignature
from connectors.kit.fixtures import as_request, read_fixtures
from connectors.kit.request import Request
from normalizer.inbound import MessageReceived, Unreadable
from tests.channels.beside import HOOK


@pytest.fixture
def provider() -> Simulator:
    return Simulator(SETTINGS, HOOK)


def came(provider: Simulator, body: bytes) -> Request:
    """The very octets, whoever may have sent them."""
    return as_request(replace(provider.genuine(b"{}"), body=body), HOOK, datetime.now(UTC))


def asked(**more: object) -> bytes:
    return msgspec.json.encode({"type": "confirmation", "group_id": 777, **more})


@pytest.mark.parametrize("more", [{}, {"secret": SECRET}])
def test_the_confirmation_is_told_with_and_without_the_secret(provider, more):
    request = came(provider, asked(**more))
    plugin().verify(request)
    answer = plugin().respond(request, Outcome.RECORDED)
    assert (answer.status, answer.body, answer.headers) == (200, CODE.encode(), {"content-type": "text/plain"})


@pytest.mark.parametrize("more", [{"secret": "guessed"}, {"secret": ""}, {"group_id": 778}])
def test_the_confirmation_is_told_to_no_other_community_and_to_nobody_who_guesses(provider, more):
    with pytest.raises(BadSignature):
        plugin().verify(came(provider, asked(**more)))


def test_all_else_is_answered_with_ok(provider):
    for body in (provider.message("hello", OLGA), provider.event("group_join", {"user_id": 1}), b"{"):
        answer = plugin().respond(came(provider, body), Outcome.DUPLICATE)
        assert (answer.status, answer.body) == (200, b"ok")
    assert plugin().respond(came(provider, provider.message()), Outcome.OVERLOADED).headers == {"retry-after": "5"}


def test_a_call_without_a_secret_is_refused(provider):
    told = msgspec.json.decode(provider.message("hello", OLGA))
    del told["secret"]
    with pytest.raises(BadSignature) as raised:
        plugin().verify(came(provider, msgspec.json.encode(told)))
    assert raised.value.missing


def test_of_a_secret_said_twice_nothing_is_kept(provider):
    body = provider.message("hello", OLGA)
    twice = body[:-1] + b',"s\\u0065cret":"' + SECRET.encode() + b'"}'
    request = came(provider, twice)
    plugin().verify(request)
    kept = plugin().kept(request)
    assert kept.body.count(b"secret") == 1
    assert SECRET.encode() not in kept.body
    (item,) = plugin().parse(kept)
    assert isinstance(item, MessageReceived)
    assert item.text == "hello"


def test_half_a_smiley_is_no_reason_to_refuse_a_call_nor_to_keep_its_secret(provider):
    request = came(provider, provider.message("hello", OLGA).replace(b'"hello"', rb'"hello \ud83d"'))
    plugin().verify(request)
    kept = plugin().kept(request)
    assert SECRET.encode() not in kept.body
    (item,) = plugin().parse(kept)
    assert item.text == "hello \ufffd"


def test_a_call_out_of_which_no_secret_can_be_taken_is_refused(provider):
    request = came(provider, provider.message("hello", OLGA)[:-1] + b',"\xff":1}')
    with pytest.raises(BadSignature):
        plugin().verify(request)


def test_a_fixture_is_posted_with_the_connectors_own_secret(provider):
    body = next(case for case in read_fixtures(FIXTURES).inbound if case.name == "text").request.body
    with pytest.raises(BadSignature):
        plugin().verify(came(provider, body))
    plugin().verify(as_request(provider.genuine(body), HOOK, datetime.now(UTC)))


def item(levels: int) -> MessageReceived | Unreadable:
    """What becomes of an attachment of an unknown type, nested so deep."""
    inner: object = "box"
    for _ in range(levels - 2):
        inner = [inner]
    provider = Simulator(SETTINGS, HOOK)
    body = provider.said(OLGA, attachments=[{"type": "hologram", "hologram": inner}])
    (found,) = plugin().parse(came(provider, body))
    assert isinstance(found, MessageReceived | Unreadable)
    return found


def test_what_is_nested_too_deeply_to_be_passed_on_is_set_aside():
    assert isinstance(item(16), MessageReceived)
    found = item(17)
    assert isinstance(found, Unreadable)
    assert found.reason == "nested too deeply"


def test_the_same_event_of_two_servers_is_one(provider):
    body = provider.event("message_allow", {"user_id": 12345, "key": ""})
    again = msgspec.json.encode({**msgspec.json.decode(body), "v": "5.131"})
    once, twice = (plugin().parse(came(provider, told)) for told in (body, again))
    assert [found.key for found in once] == [found.key for found in twice]
