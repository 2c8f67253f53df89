"""Calls nobody heard of, from Twilio's list: with the keys of their reports, the oldest first, and none twice."""

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client
from twilio_voice_calls import ACCOUNT, ADA, MINA, NUMBER, SETTINGS, plugin, running, simulator, story

from connectors.channels.twilio_voice import TwilioVoice
from connectors.channels.twilio_voice.acts import HangUp, Press
from connectors.channels.twilio_voice.simulator import Simulator
from connectors.families.twilio import listing
from connectors.kit.base import Backfills
from connectors.kit.errors import Temporary
from connectors.kit.fixtures import as_request
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import CallChanged, CallState, Ignored, Unreadable
from tests.background.heronry import eventually, rows, texts
from tests.channels.beside import HOOK, answering, during

LIMITS = {"limits": {"backfill_every": "1s"}}


def cursor(minutes=60):
    return (datetime.now(UTC) - timedelta(minutes=minutes)).strftime(listing.FORMAT)


def asked(provider, since=None, **settings):
    clock = lambda: datetime.now(UTC)  # noqa: E731 - the list is of this hour
    return during(TwilioVoice, provider, lambda p: p.backfill(since or cursor()), settings=settings, clock=clock)


@pytest.fixture
def provider():
    with simulator() as twilio:
        yield twilio


def test_it_has_the_ability():
    assert issubclass(TwilioVoice, Backfills)


def test_a_call_of_the_list_is_the_call_of_its_reports(provider):
    sid = provider.rang(ago=300)
    began, ended = asked(provider).inbound
    reported = {"CallSid": sid, "From": MINA, "To": NUMBER, "CallStatus": "completed", "CallDuration": "30"}
    wire = provider.signed(f"{HOOK}?on=status", list({**reported, "Direction": "inbound"}.items()))
    (report,) = plugin().parse(as_request(wire, HOOK, ended.occurred_at))
    assert ended == report
    first = provider.signed(HOOK, [("CallSid", sid), ("From", MINA), ("CallStatus", "ringing")])
    (ring,) = plugin().parse(as_request(first, HOOK, began.occurred_at))
    assert (began.key, began.peer, began.state) == (ring.key, ring.peer, CallState.STARTED)
    assert ended.occurred_at - began.occurred_at == timedelta(seconds=30)


def test_twilios_sdk_asks_for_the_same(provider):
    class Heard(HttpClient):
        def __init__(self):
            self.asked = []

        def request(self, method, uri, params=None, **_):
            self.asked.append((method, uri, params))
            return Response(200, '{"calls": []}')

    heard, since = Heard(), datetime(2026, 11, 21, 9, tzinfo=UTC)
    calls = Client(ACCOUNT, "token", http_client=heard).calls
    assert calls.list(to=NUMBER, start_time_after=since, page_size=listing.PAGE) == []
    assert calls.list(to=NUMBER, end_time_after=since, page_size=listing.PAGE) == []
    asked(provider, since.strftime(listing.FORMAT))
    ours = [one for one in provider.requests if "/Calls.json" in one.path]
    assert [f"https://api.twilio.com{urlsplit(one.path).path}" for one in ours] == [uri for _, uri, _ in heard.asked]
    wanted = [{name: [str(value)] for name, value in params.items()} for _, _, params in heard.asked]
    assert [parse_qs(urlsplit(one.path).query) for one in ours] == wanted


def test_pages_are_followed_and_the_oldest_come_first(provider):
    provider.page = 2
    sids = [provider.rang(ago=ago) for ago in (900, 800, 700, 600, 500)]
    found = asked(provider)
    assert [each.external_id for each in found.inbound if each.state is CallState.ENDED] == sids
    assert not found.more


def test_a_call_without_an_end_is_found_by_its_beginning(provider):
    sid = provider.rang(ago=300, status="no-answer")
    assert [each.external_id for each in asked(provider).inbound] == [sid, sid]


def test_a_long_call_that_began_before_is_found_by_its_end(provider):
    sid = provider.rang(ago=120)
    assert [each.external_id for each in asked(provider, cursor(minutes=2.3)).inbound] == [sid, sid]
    assert asked(provider, cursor(minutes=1.5)).inbound == []


def test_what_just_ended_or_has_not_is_left_for_its_reports(provider):
    provider.rang(ago=5)
    provider.rang(ago=300, status="in-progress")
    provider.listed.append({**provider.listed[0], "sid": "CA9", "direction": "outbound-dial"})
    assert asked(provider).inbound == []


def test_an_agents_own_call_is_none(provider):
    provider.rang(caller=ADA, ago=300)
    (left,) = asked(provider).inbound
    assert isinstance(left, Ignored)


def test_what_cannot_be_read_is_told_and_the_rest_taken(provider):
    fine = provider.rang(ago=300)
    provider.listed.insert(0, {**provider.listed[0], "sid": 7})
    provider.rang(caller="", ago=400)
    found = asked(provider).inbound
    assert {each.external_id for each in found if isinstance(each, CallChanged)} == {fine}
    reasons = sorted(each.reason for each in found if isinstance(each, Unreadable))
    assert reasons == ["Expected `str`, got `int` - at `$.sid`", "no caller"]


def test_one_of_a_time_beyond_the_calendar_is_told_and_the_rest_taken(provider):
    fine = provider.rang(ago=300)
    provider.listed.insert(0, {**provider.listed[0], "sid": "CA9", "end_time": "Fri, 31 Dec 9999 23:59:59 -2359"})
    broken, *calls = asked(provider).inbound
    assert isinstance(broken, Unreadable)
    assert {each.external_id for each in calls} == {fine}


def test_more_than_can_be_taken_at_once_goes_on_from_there(provider, monkeypatch):
    monkeypatch.setattr("connectors.channels.twilio_voice.missed.MOST", 2)
    sids = [provider.rang(ago=ago) for ago in (900, 800, 700)]
    first = asked(provider)
    assert first.more
    second = asked(provider, first.cursor)
    assert [each.external_id for each in (*first.inbound, *second.inbound)][::2] == [*sids[:2], *sids[1:]]


def test_a_list_without_end_is_given_up(provider, monkeypatch):
    monkeypatch.setattr("connectors.channels.twilio_voice.missed.MOST_PAGES", 2)
    provider.page = 1
    for ago in (900, 800, 700):
        provider.rang(ago=ago)
    with pytest.raises(Temporary, match="more than 2000 calls"):
        asked(provider)


def test_a_list_that_cannot_be_read_is_asked_for_later():
    with answering(Simulator, SETTINGS, Reply(200, b"[]")) as provider, pytest.raises(Temporary):
        asked(provider)


def test_where_others_answer_too_nothing_is_asked(provider):
    provider.rang(ago=300)
    assert asked(provider, backfill=False).inbound == []
    assert provider.requests == []


def test_who_called_while_the_hub_was_down_is_a_missed_call_and_who_was_heard_none_of_it(
    tmp_path, provider, monkeypatch
):
    monkeypatch.setattr("connectors.channels.twilio_voice.missed.SETTLED", timedelta(0))

    async def first():
        async with running(tmp_path, provider, told=LIMITS) as hub:
            await eventually(lambda: rows(hub.hub, "SELECT cursor FROM cursors"))
            await provider.dial_in(Press("2"), HangUp())
            assert texts(hub.hub) == ["Missed call"]

    async def second():
        async with running(tmp_path, provider, told=LIMITS) as hub:
            await eventually(lambda: len(texts(hub.hub)) == 2)
            assert texts(hub.hub) == ["Missed call", "Missed call"]
            assert story(hub)[-2:] == ["started ringing", "ended missed"]
            assert [one.split()[0] for one in story(hub)].count("ended") == 2

    asyncio.run(first())
    provider.rang(ago=0)
    asyncio.run(second())
