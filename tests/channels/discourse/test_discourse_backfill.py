"""Posts whose webhooks did not arrive are asked for, once, and keep to where they may be read."""

import asyncio

import msgspec
import pytest
from forum import SETTINGS, answering, during

from connectors.channels.discourse import history
from connectors.channels.discourse.simulator import Simulator, answered, failed
from connectors.kit.base import Polled
from connectors.kit.errors import Misconfigured, Temporary
from normalizer.inbound import Ignored, MessageReceived, Unreadable
from tests.background.heronry import eventually, rows, texts
from tests.channels.beside import HOOK, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def backfill(provider, cursor, wanted=True):
    return during(provider, lambda plugin: plugin.backfill(cursor), backfill=wanted)


def said(polled: Polled) -> list[str]:
    return [item.text for item in polled.inbound if isinstance(item, MessageReceived)]


def place(public: int, private: int = 0) -> str:
    return msgspec.json.encode({"public": public, "private": private}).decode()


def test_the_first_takes_none_of_the_past(provider):
    newest = provider.lists("long ago")["id"]
    hidden = provider.lists("long ago, in private", topic_archetype="private_message")["id"]
    assert backfill(provider, None) == Polled([], place(newest, hidden), b"[]")


def test_where_it_is_not_wanted_nobody_is_asked(provider):
    assert backfill(provider, None, wanted=False) == Polled([], "", b"[]")
    assert provider.requests == []


def test_what_was_posted_since_comes_oldest_first_as_its_webhook_would_tell_it(provider):
    known = provider.lists("before")["id"]
    first = provider.lists("one")
    provider.lists("two", topic_id=78, topic_archetype="private_message")
    last = provider.lists("three", reply_to_post_number=1)
    found = backfill(provider, place(known))
    assert said(found) == ["one", "two", "three"]
    assert [item.peer.visibility for item in found.inbound] == ["public", "private", "public"]
    assert (found.inbound[0].key, found.inbound[2].reply_to) == (f"created:{first['id']}", "77/1")
    assert msgspec.json.decode(found.cursor) == {"public": last["id"], "private": first["id"] + 1}
    again = backfill(provider, found.cursor)
    assert (again.inbound, again.cursor) == ([], found.cursor)


def test_what_is_ours_or_of_the_staff_is_passed_over(provider):
    provider.lists("ours", username="support")
    provider.lists("a colleague's", staff=True)
    found = backfill(provider, place(1))
    assert [type(item) for item in found.inbound] == [Ignored, Ignored]


def test_long_lists_are_read_to_the_cursor(provider):
    known = provider.lists("before")["id"]
    for number in range(120):
        provider.lists(str(number))
    found = backfill(provider, place(known))
    assert (said(found), found.more) == ([str(number) for number in range(120)], False)


def test_however_long_the_lists_are_they_are_read_portion_by_portion(provider, monkeypatch):
    monkeypatch.setattr(history, "MOST_PAGES", 1)
    known = provider.lists("before")["id"]
    for number in range(120):
        newest = provider.lists(str(number))["id"]
    hidden = provider.lists("hidden", topic_archetype="private_message")["id"]
    after, heard = place(known), []
    for more in (True, True, False):
        found = backfill(provider, after)
        assert found.more is more
        heard.append(said(found))
        after = found.cursor
    wanted = [str(number) for number in range(120)]
    assert heard == [[*wanted[70:], "hidden"], wanted[20:70], wanted[:20]]
    assert after == place(newest, hidden)


def test_a_whole_forum_that_is_new_is_read_to_its_end(provider):
    provider.lists("the very first")
    assert said(backfill(provider, place(0))) == ["the very first"]


def test_one_that_cannot_be_read_is_set_aside_and_the_others_come(provider):
    provider.lists("broken", created_at="yesterday")
    provider.lists("good")
    found = backfill(provider, place(1))
    assert isinstance(found.inbound[0], Unreadable)
    assert said(found) == ["good"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (failed(403, "not allowed", "invalid_access"), Misconfigured),
        (failed(429, "slow down", "rate_limit", wait_seconds=10), Temporary),
        (answered({"latest_posts": [{"id": "one"}]}), Temporary),
        (answered([]), Temporary),
    ],
)
def test_what_the_forum_does_not_show_is_said(reply, error):
    with answering(reply) as provider, pytest.raises(error):
        backfill(provider, place(1))


def test_a_hub_that_was_down_hears_once_what_was_posted_meanwhile(tmp_path, provider):
    told = {"limits": {"backfill_every": "1s"}}

    async def test():
        async with running(tmp_path, "discourse", provider, told=told, backfill=True) as beside:
            await eventually(lambda: bool(rows(beside.hub, "SELECT cursor FROM cursors")))
            heard = {"post": provider.lists("heard")}
            assert await beside.heard(provider.genuine(msgspec.json.encode(heard))) == 200
        provider.lists("missed")
        async with running(tmp_path, "discourse", provider, told=told, backfill=True) as beside:
            await eventually(lambda: texts(beside.hub) == ["heard", "missed"])
            await asyncio.sleep(1.5)
            assert texts(beside.hub) == ["heard", "missed"]

    asyncio.run(test())
