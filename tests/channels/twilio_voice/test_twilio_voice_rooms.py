"""A caller's room: agents join it and leave it to each other, it is recorded once, and nobody stays in it alone."""

import asyncio
import xml.etree.ElementTree as ET

import pytest
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client
from twilio.twiml.voice_response import Dial, VoiceResponse
from twilio_voice_calls import ACCOUNT, ADA, MINA, NUMBER, plugin, running, simulator, story

from connectors.channels.twilio_voice import TwilioVoice, rooms
from connectors.channels.twilio_voice.acts import HangUp, Joins, Leaves, Press
from connectors.channels.twilio_voice.twiml import MOST_HELD
from connectors.kit.base import Confirms, Outcome
from connectors.kit.fixtures import as_request
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Ignored
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, NOW, during

WHO = "caller=%2B447700900222"


@pytest.fixture
def provider():
    with simulator() as twilio:
        yield twilio


def asked(query="", **fields):
    told = {"CallSid": "CA1", "From": MINA, "To": NUMBER, "CallStatus": "in-progress", "Direction": "inbound", **fields}
    return as_request(simulator().signed(f"{HOOK}{'?' + query if query else ''}", list(told.items())), HOOK, NOW)


def heard(request, **settings):
    return plugin(**settings).respond(request, Outcome.RECORDED).body.decode()


def run(test):
    asyncio.run(test())


def test_a_room_is_what_twilios_builder_makes():
    def report(on, of=""):
        about = f"{of}call=CA1&" if of else "call=CA1&"
        return f"{HOOK}?on={on}&at=room&n=3&{about}{WHO}#rc=5&rp=all"

    dial = Dial(action=f"{HOOK}?on=room&at=room&n=3&{WHO}", method="POST")
    dial.conference(
        "CA1",
        end_conference_on_exit=True,
        status_callback=report("present"),
        status_callback_event="join leave",
        record="record-from-start",
        recording_status_callback=report("recording", "of=call&"),
        recording_status_callback_event="completed absent",
    )
    wanted = VoiceResponse()
    wanted.append(dial)
    assert heard(asked(f"on=menu&at=start&n=2&{WHO}", Digits="5")) == str(wanted)


def test_an_agent_who_names_a_call_joins_its_caller_and_is_no_call_of_a_customer():
    request = asked(From=ADA, room="CA1")
    dial = Dial()
    dial.conference("CA1", participant_label="ada")
    wanted = VoiceResponse()
    wanted.append(dial)
    assert heard(request) == str(wanted)
    (left,) = plugin().parse(request)
    assert isinstance(left, Ignored)


@pytest.mark.parametrize("outcome", [Outcome.LATE, Outcome.OVERLOADED])
def test_an_agent_is_led_to_the_room_also_where_the_store_is_slow(outcome):
    request = asked(From=ADA, room="CA1")
    for _ in range(MOST_HELD):
        document = ET.fromstring(plugin().respond(request, outcome).body)  # noqa: S314 - of our own making
        again = simulator().signed(document.find("Redirect").text, [("CallSid", "CA1"), ("From", ADA)])
        request = as_request(again, HOOK, NOW)
    assert b">CA1</Conference>" in plugin().respond(request, outcome).body


def test_an_agent_who_names_none_where_nobody_queues_is_told_goodbye():
    steps = {"start": {"do": "room"}}
    assert "Goodbye." in heard(asked(From=ADA), steps=steps)
    assert "Goodbye." in heard(asked(From=ADA, room="no such/name"), steps=steps)
    assert "<Conference" in heard(asked(), steps=steps)


def test_a_room_that_cannot_be_opened_leads_elsewhere_and_one_that_was_closed_ends_the_call():
    assert "Leave a message." in heard(asked(f"on=room&at=room&n=4&{WHO}", DialCallStatus="failed"))
    assert heard(asked(f"on=room&at=room&n=4&{WHO}", DialCallStatus="answered")).endswith("<Hangup /></Response>")


def test_one_agent_hands_the_caller_to_another_and_the_room_is_recorded_once(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            line = await provider.dial_in(Press("5"), Joins("ada"), Joins("bob"), Leaves("ada"), Leaves("bob"))
            assert line.rang == [line.sid]
            assert story(hub) == [
                "started choosing",
                "updated queued",
                "updated answered",
                "updated answered",
                "updated answered",
                "ended completed",
            ]
            answered = [one["data"]["call"]["answered_by"] for one in events(hub.hub, "call.updated")]
            assert answered[:3] == [None, "ada", "bob"]
            await eventually(lambda: rows(hub.hub, "SELECT state FROM attachments") == [("stored",)])
            assert texts(hub.hub) == ["Call, 1 min 0 s"]

    run(test)


def test_who_hangs_up_before_anybody_came_is_a_missed_call(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await provider.dial_in(Press("5"), HangUp())
            assert texts(hub.hub) == ["Missed call"]

    run(test)


def test_an_agent_whose_room_is_over_hears_its_end(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            line = await provider.dial_in(caller=ADA, room="CA404")
            assert (line.rang, story(hub)) == (["CA404"], [])

    run(test)


def test_a_room_is_closed_only_where_its_caller_is_all_that_is_left(provider):
    assert issubclass(TwilioVoice, Confirms)
    room = provider.rooms.entered("CA1", "CA1")
    room.inside.append("CA2")
    during(TwilioVoice, provider, lambda p: rooms.close_if_alone(p.api, "CA1"))
    assert room.is_open
    room.inside.remove("CA2")
    during(TwilioVoice, provider, lambda p: rooms.close_if_alone(p.api, "CA1"))
    assert not room.is_open
    during(TwilioVoice, provider, lambda p: rooms.close_if_alone(p.api, "CA1"))
    assert [one.method for one in provider.requests] == ["GET", "GET", "GET", "GET", "POST", "GET"]


def test_twilios_sdk_asks_for_the_same(provider):
    answers = iter(['{"conferences": [{"sid": "CF1"}]}', '{"participants": []}', '{"sid": "CF1"}'])

    class Heard(HttpClient):
        def __init__(self):
            self.asked = []

        def request(self, method, uri, params=None, data=None, **_):
            self.asked.append((method, uri, params, data))
            return Response(200, next(answers))

    heard = Heard()
    account = Client(ACCOUNT, "token", http_client=heard).api.v2010.account
    account.conferences.list(friendly_name="CA1", status="in-progress")
    account.conferences("CF1").participants.list()
    account.conferences("CF1").update(status="completed")
    room = provider.rooms.entered("CA1", "CA1")
    during(TwilioVoice, provider, lambda p: rooms.close_if_alone(p.api, "CA1"))
    ours = [(one.method, f"https://api.twilio.com{one.path}".replace(room.sid, "CF1")) for one in provider.requests]
    first, second, third = ((method, uri) for method, uri, _, _ in heard.asked)
    assert ours == [(first[0], f"{first[1]}?FriendlyName=CA1&Status=in-progress"), second, third]
    assert (heard.asked[0][2], provider.requests[-1].body) == (
        {"FriendlyName": "CA1", "Status": "in-progress"},
        b"Status=completed",
    )
    assert heard.asked[2][3] == {"Status": "completed"}


def test_where_there_is_no_room_any_more_nothing_is_closed(provider):
    provider.rooms.asked = lambda *_: Reply.json({"conferences": []})
    during(TwilioVoice, provider, lambda p: rooms.close_if_alone(p.api, "CA1"))
    assert len(provider.requests) == 1
