"""What came while nobody listened is asked for, some conversations at a time, under the names of its events."""

import asyncio
from time import time
from typing import Any

import msgspec
import pytest
from slack_app import NOW, SETTINGS, URL, Answering, during, request

from connectors.channels.slack import history
from connectors.channels.slack.simulator import Simulator, refusal
from connectors.kit.base import Polled
from connectors.kit.errors import Misconfigured, Temporary
from normalizer.inbound import MessageReceived, Unreadable
from tests.background.heronry import eventually, texts
from tests.channels.beside import HOOK, running

AT = int(NOW.timestamp())
DAY = 86_400


@pytest.fixture
def provider():
    with Simulator(SETTINGS, URL) as simulator:
        yield simulator


def say(provider: Simulator, text: str, at: float, channel: str = "D42", **more: Any) -> str:
    ts = f"{at:.6f}"
    told = {"type": "message", "user": "U42", "text": text, "ts": ts, **more}
    provider.channels.said.setdefault(channel, []).append(told)
    return ts


def cursor(since: float) -> str:
    return msgspec.json.encode({"since": float(since), "began": float(since), "page": ""}).decode()


def backfill(provider: Simulator, after: str | None, **settings: Any) -> Polled:
    return during(provider, lambda plugin: plugin.backfill(after), **{"backfill": True, **settings})


def said(polled: Polled) -> list[str]:
    return [item.text for item in polled.inbound if isinstance(item, MessageReceived)]


@pytest.mark.parametrize(("after", "wanted"), [(None, True), (cursor(AT - 100), False)])
def test_the_first_takes_none_of_the_past_and_where_it_is_not_wanted_nobody_is_asked(provider, after, wanted):
    say(provider, "long ago", AT - 5)
    assert backfill(provider, after, backfill=wanted) == Polled([], cursor(AT), b"[]")
    assert provider.requests == []


def test_what_was_said_since_comes_oldest_first_under_the_name_of_its_event(provider):
    say(provider, "before", AT - 101)
    first = say(provider, "one", AT - 100)
    say(provider, "two", AT - 90, "C7", user="U43")
    say(provider, "three", AT - 80)
    found = backfill(provider, cursor(AT - 100))
    assert said(found) == ["one", "two", "three"]
    (told,) = during(provider, lambda plugin: parsed(plugin, provider, first))
    assert found.inbound[0] == told
    assert found.inbound[1].peer.visibility == "public"
    assert (msgspec.json.decode(found.cursor)["since"], found.more) == (AT - 60, False)


async def parsed(plugin, provider, ts):
    """What the event of the same message becomes."""
    (event,) = [one for one in provider.channels.said["D42"] if one["ts"] == ts]
    wire = provider.genuine(provider.event({**event, "channel": "D42", "channel_type": "im"}))
    return plugin.parse(request(wire))


def test_answers_in_threads_that_began_up_to_three_days_before_come_too(provider):
    old = say(provider, "a question", AT - 2 * DAY, "C7")
    older = say(provider, "an old question", AT - 4 * DAY, "C7")
    say(provider, "answered before", AT - DAY, "C7", thread_ts=old)
    say(provider, "answered since", AT - 50, "C7", thread_ts=old)
    say(provider, "too late", AT - 40, "C7", thread_ts=older)
    found = backfill(provider, cursor(AT - 100))
    assert said(found) == ["answered since"]
    assert found.inbound[0].peer.thread == old


def test_what_slack_tells_twice_comes_once(provider):
    top = say(provider, "a question", AT - 60)
    say(provider, "sent to the channel, too", AT - 50, thread_ts=top)
    say(provider, "sent to the channel, too", AT - 50)
    assert said(backfill(provider, cursor(AT - 100))) == ["a question", "sent to the channel, too"]


def test_what_we_wrote_and_what_slack_wrote_does_not_come(provider):
    say(provider, "ours", AT - 50, user="UBOT", bot_id="BBOT")
    say(provider, "ours as well", AT - 49, user=None, bot_id="BBOT")
    say(provider, "<@U42> has joined", AT - 48, subtype="channel_join")
    say(provider, "theirs", AT - 47)
    assert said(backfill(provider, cursor(AT - 100))) == ["theirs"]


def test_a_round_goes_through_the_conversations_in_portions_and_then_moves_on(provider, monkeypatch):
    monkeypatch.setitem(history.LISTED, "limit", "2")
    for number in range(5):
        say(provider, str(number), AT - 50, f"D{number}")
    after, heard = cursor(AT - 100), []
    for more in (True, True, False):
        found = backfill(provider, after)
        assert found.more is more
        heard += said(found)
        after = found.cursor
    assert (heard, msgspec.json.decode(after)) == (list("01234"), {"since": AT - 60, "began": AT, "page": ""})


def test_long_histories_are_read_to_the_cursor_and_too_long_ones_are_said(provider, monkeypatch):
    monkeypatch.setattr(history, "PAGE", 2)
    for number in range(7):
        say(provider, str(number), AT - 100 + number)
    assert said(backfill(provider, cursor(AT - 98))) == ["2", "3", "4", "5", "6"]
    monkeypatch.setattr(history, "MOST_PAGES", 2)
    with pytest.raises(Temporary, match="more than 4 messages in one conversation"):
        backfill(provider, cursor(AT - 98))


def test_a_busy_conversation_of_three_days_holds_nothing_up(provider, monkeypatch):
    monkeypatch.setattr(history, "PAGE", 2)
    monkeypatch.setattr(history, "MOST_PAGES", 2)
    for number in range(6):
        say(provider, f"known {number}", AT - 200 + number, "C7")
    say(provider, "new there", AT - 50, "C7")
    say(provider, "new here", AT - 40)
    found = backfill(provider, cursor(AT - 100))
    assert (said(found), found.more) == (["new there", "new here"], False)


def test_a_place_in_the_list_that_slack_forgot_begins_the_round_anew():
    class Forgetful(Simulator):
        async def answer(self, request):
            if request.path == "/users.conversations" and b"cursor=forgotten" in request.body:
                return refusal("invalid_cursor")
            return await super().answer(request)

    with Forgetful(SETTINGS, URL) as provider:
        say(provider, "missed", AT - 50)
        kept = msgspec.json.encode({"since": AT - 100.0, "began": AT - 80.0, "page": "forgotten"}).decode()
        first = backfill(provider, kept)
        assert (first.inbound, first.more) == ([], True)
        assert said(backfill(provider, first.cursor)) == ["missed"]


def test_one_that_cannot_be_read_is_set_aside_and_the_others_come(provider):
    say(provider, "good", AT - 50)
    provider.channels.said["D42"].append({"type": "message", "ts": f"{AT - 40}.000000", "user": 42})
    found = backfill(provider, cursor(AT - 100))
    assert [type(item) for item in found.inbound] == [MessageReceived, Unreadable]


def test_a_conversation_the_app_was_put_out_of_holds_nothing_up():
    class Left(Simulator):
        async def answer(self, request):
            out = request.path == "/conversations.history" and b"channel=C7" in request.body
            return refusal("channel_not_found") if out else await super().answer(request)

    with Left(SETTINGS, URL) as provider:
        say(provider, "away", AT - 50, "C7")
        say(provider, "good", AT - 50)
        assert said(backfill(provider, cursor(AT - 100))) == ["good"]


def test_a_missing_scope_is_named_and_a_limit_waited_for():
    with pytest.raises(Misconfigured, match="missing_scope"), Answering(refusal("missing_scope")) as provider:
        backfill(provider, cursor(AT))
    with Answering(refusal("ratelimited", 429, retry_after="7")) as provider, pytest.raises(Temporary) as raised:
        backfill(provider, cursor(AT))
    assert raised.value.retry_after == 7


def test_a_cursor_that_is_none_begins_now(provider):
    say(provider, "before", AT - 50)
    assert said(backfill(provider, "none")) == []


def test_a_hub_that_was_down_hears_once_what_was_said_meanwhile(tmp_path):
    told = {"limits": {"backfill_every": "1s"}}

    async def test(provider):
        async with running(tmp_path, "slack", provider, told=told, backfill=True) as beside:
            say(provider, "heard", time())
            (event,) = provider.channels.said["D42"]
            heard = provider.event({**event, "channel": "D42", "channel_type": "im"})
            assert await beside.heard(provider.genuine(heard)) == 200
        say(provider, "missed", time())
        async with running(tmp_path, "slack", provider, told=told, backfill=True) as beside:
            await eventually(lambda: texts(beside.hub) == ["heard", "missed"])
            await asyncio.sleep(1.5)
            assert texts(beside.hub) == ["heard", "missed"]

    with Simulator(SETTINGS, HOOK) as provider:
        asyncio.run(test(provider))
