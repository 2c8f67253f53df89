"""Whole calls by Twilio's simulator: what the caller hears, what stands in the history, whatever goes wrong."""

import asyncio
import threading
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Any

import pytest
from twilio_voice_calls import ADA, MINA, NUMBER, SETTINGS, TOKEN, running, simulator, story

from connectors.channels.twilio_voice.acts import HangUp, Leave, Press, Silence, Speak, Taken, Wait
from connectors.kit.testing.simulator import Failure
from gateway.send.asks import Accepted
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import kept


@pytest.fixture
def provider():
    with simulator() as twilio:
        yield twilio


def run(test):
    asyncio.run(test())


def test_menu_then_an_agent_who_answers(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            line = await provider.dial_in(Press("1"), Press("1"), answers=[ADA])
            assert line.heard == [
                "Press 1 for orders, 2 for an agent, 9 for Spanish.",
                "Press 1 to change an order.",
            ]
            assert line.rang == [ADA, "+447700900333"]
            assert story(hub) == [
                "started choosing",
                "updated choosing",
                "updated connecting",
                "updated answered",
                "ended completed",
            ]
            (ended,) = events(hub.hub, "call.ended")
            call = ended["data"]["call"]
            assert (call["choices"], call["answered_by"], call["duration"]) == (["orders", "agent"], "ada", 30.0)
            assert ended["data"]["route"]["address"] == MINA
            assert texts(hub.hub) == []

    run(test)


def test_nobody_answers_so_a_message_is_left_with_recording_and_transcript(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            line = await provider.dial_in(Press("2"), Leave("It is about my order", 12))
            assert line.heard[-1] == "Leave a message."
            await eventually(lambda: rows(hub.hub, "SELECT state FROM attachments") == [("stored",)])
            assert texts(hub.hub) == ["Voicemail, 12 s: It is about my order"]
            ((sha256,),) = rows(hub.hub, "SELECT sha256 FROM attachments")
            assert hub.hub.files.path(sha256).read_bytes() == b"It is about my order"
            assert story(hub)[-1] == "ended voicemail"
            redirected = [asked for asked in provider.requests if asked.path.startswith("/held/")]
            assert redirected
            assert not [asked for asked in redirected if "authorization" in asked.headers]

    run(test)


def test_a_recording_that_can_be_had_only_later_is_fetched_then(tmp_path, provider):
    async def test():
        provider.processed = False
        async with running(tmp_path, provider) as hub:
            await provider.dial_in(Press("2"), Leave())
            await eventually(lambda: [one for one in provider.requests if "/Recordings/" in one.path])
            assert rows(hub.hub, "SELECT state FROM attachments") == [("pending",)]
            provider.processed = True
            await eventually(lambda: rows(hub.hub, "SELECT state FROM attachments") == [("stored",)], 30)

    run(test)


def test_a_recording_that_never_arrives_leaves_a_message_all_the_same(tmp_path, provider):
    async def test():
        provider.records = provider.transcribes = False
        async with running(tmp_path, provider) as hub:
            await provider.dial_in(Press("2"), Leave())
            assert texts(hub.hub) == ["Voicemail without recording"]
            assert story(hub)[-1] == "ended voicemail"

    run(test)


@pytest.mark.parametrize("acts", [[HangUp()], [Press("1"), HangUp()], [Press("77"), HangUp()], [Silence(), HangUp()]])
def test_a_caller_who_hangs_up_in_a_menu_is_a_missed_call(tmp_path, provider, acts):
    async def test():
        async with running(tmp_path, provider) as hub:
            await provider.dial_in(*acts)
            assert texts(hub.hub) == ["Missed call"]
            assert (story(hub)[0], story(hub)[-1]) == ("started choosing", "ended missed")

    run(test)


def test_a_key_that_does_not_exist_and_silence_are_asked_again_and_then_lead_elsewhere(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            line = await provider.dial_in(Press("7"), Silence(), Leave("hello", hangs_up=False))
            menu = SETTINGS["steps"]["start"]["say"]["en-GB"]
            sorry = "Sorry, that is not one of the choices."
            assert line.heard == [menu, sorry, menu, "Leave a message.", "Goodbye."]
            assert texts(hub.hub) == ["Voicemail, 12 s: hello"]

    run(test)


def test_silence_is_told_as_such(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider):
            line = await provider.dial_in(Silence(), HangUp())
            assert line.heard[1] == "Sorry, I did not hear anything."

    run(test)


def test_what_is_spoken_chooses_and_a_language_lasts(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            line = await provider.dial_in(Press("9"), Speak("Pedidos, por favor"), Silence(), Silence(), Silence())
            assert line.heard[1:3] == ["Pulse 1 para pedidos.", "Pulse 1 para cambiar."]
            assert line.heard[-1] == "Deje un mensaje."
            (ended,) = events(hub.hub, "call.ended")
            assert ended["data"]["call"]["choices"] == ["spanish", "orders"]

    run(test)


def test_who_asks_to_be_called_is_a_message_at_once(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            line = await provider.dial_in(Press("4"), reports=False)
            assert line.heard[-1] == "We will call you."
            assert texts(hub.hub) == ["Call-back request"]

    run(test)


def test_the_queue_says_where_one_stands_and_an_agent_takes_the_caller(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            line = await provider.dial_in(Press("3"), Wait(), Taken())
            words = ["You are number 2 in the queue.", "The expected wait in minutes: 2."]
            assert line.heard[1:] == words * 2
            assert story(hub) == ["started choosing", "updated queued", "updated answered", "ended completed"]
            agent = await provider.dial_in(caller=ADA)
            assert agent.rang == ["sales"]
            assert len(story(hub)) == 4

    run(test)


def test_waiting_too_long_leads_to_voicemail(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            line = await provider.dial_in(Press("3"), Wait(20), Wait(20), Leave("too long"))
            assert line.heard[-1] == "Leave a message."
            assert texts(hub.hub) == ["Voicemail, 12 s: too long"]

    run(test)


def test_who_hangs_up_in_the_queue_is_a_missed_call(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await provider.dial_in(Press("3"), HangUp())
            assert texts(hub.hub) == ["Missed call"]

    run(test)


def test_out_of_hours_the_other_step_takes_its_place(tmp_path, provider):
    async def test():
        hours = {"tz": "Europe/London", "days": {"mon": "closed"}}
        async with running(tmp_path, provider, hours=hours):
            line = await provider.dial_in(Press("2"), HangUp())
            assert line.heard[-1] == "We are closed."
            assert line.rang == []

    run(test)


def test_every_request_twice_is_one_call(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            once = provider.deliver

            async def twice(wire):
                await once(wire)
                return await once(wire)

            provider.deliver = twice
            await provider.dial_in(Press("2"), Leave("again"))
            assert texts(hub.hub) == ["Voicemail, 12 s: again"]
            assert [one.split()[0] for one in story(hub)].count("ended") == 1
            assert rows(hub.hub, "SELECT count(*) FROM attachments") == [(1,)]

    run(test)


def test_a_wrong_signature_is_refused_and_leaves_nothing(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            wire = provider.signed(provider.hub_url, [("CallSid", "CA1"), ("From", MINA), ("CallStatus", "ringing")])
            forged = type(wire)(wire.method, wire.path, {**wire.headers, "x-twilio-signature": "AAAA"}, wire.body)
            assert await hub.heard(forged) == 403
            assert rows(hub.hub, "SELECT count(*) FROM raws") == [(0,)]

    run(test)


def test_what_cannot_be_read_is_quarantined_and_the_caller_hears_an_end(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            status = provider.signed(f"{provider.hub_url}?on=status", [("CallSid", "CA1"), ("CallStatus", "asleep")])
            assert await hub.heard(status) == 200
            unknown = provider.signed(f"{provider.hub_url}?on=nothing", [("CallSid", "CA1"), ("From", MINA)])
            assert (await provider.deliver(unknown))[1].endswith(b"<Response><Hangup /></Response>")
            reasons = [reason for (reason,) in rows(hub.hub, "SELECT reason FROM quarantine ORDER BY id")]
            assert reasons == ["a status of a call we do not know", "an address that was not handed out"]

    run(test)


def held_up(hub: Any) -> threading.Event:
    """The writer stands still until the event is set."""
    gate = threading.Event()

    def apply(_: Any, items: Sequence[None]) -> Sequence[None]:
        gate.wait(30)
        return items

    hub.hub.writer.write(apply, None)
    return gate


def test_a_slow_store_keeps_the_caller_and_loses_nothing(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            gate = held_up(hub)
            asked = asyncio.create_task(provider.dial_in(Press("2"), Leave("patience")))
            await eventually(lambda: provider.answered)
            gate.set()
            line = await asked
            assert line.heard[0] == "One moment, please."
            assert line.heard[1] == SETTINGS["steps"]["start"]["say"]["en-GB"]
            assert "held=1" in line.asked[1]
            await eventually(lambda: texts(hub.hub) == ["Voicemail, 12 s: patience"])
            assert story(hub)[0] == "started choosing"

    run(test)


def test_an_agent_writes_and_a_call_reads_it_out(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            assert isinstance(await hub.say("Your order has left.", to=MINA), Accepted)
            await eventually(lambda: hub.statuses() == ["accepted"])
            ((sid, call),) = provider.calls.items()
            assert (call["To"], call["From"]) == (MINA, NUMBER)
            for status, order in (("completed", 3), ("in-progress", 2), ("ringing", 1), ("in-progress", 2)):
                assert await hub.heard(provider.report(sid, status, order)) == 200
            await eventually(lambda: hub.statuses() == ["delivered"])
            assert story(hub) == ["started ringing", "ended completed"]
            (ended,) = events(hub.hub, "call.ended")
            assert (ended["data"]["call"]["direction"], ended["data"]["call"]["duration"]) == ("out", 7.0)
            assert texts(hub.hub) == ["Your order has left."]

    run(test)


def test_a_call_of_ours_is_recorded_where_wanted_and_says_so_first(tmp_path, provider):
    async def test():
        asked = {"record": True, "announce": {"en-GB": "This call is recorded."}}
        async with running(tmp_path, provider, **asked) as hub:
            await hub.say("Your order has left.", to=MINA)
            await eventually(lambda: hub.statuses() == ["accepted"])
            ((sid, call),) = provider.calls.items()
            said = [verb.text for verb in ET.fromstring(call["Twiml"])]  # noqa: S314 - of our own making
            assert said == ["This call is recorded.", "Your order has left."]
            assert call["Record"] == "true"
            # The recording may be told of before the call's own reports, and twice.
            recorded = provider.report_recording(sid, "all that was said")
            assert [await hub.heard(recorded), await hub.heard(recorded)] == [200, 200]
            for status, order in (("in-progress", 2), ("completed", 3)):
                await hub.heard(provider.report(sid, status, order))
            await eventually(lambda: rows(hub.hub, "SELECT state FROM attachments") == [("stored",)])
            ((sha256,),) = rows(hub.hub, "SELECT sha256 FROM attachments")
            assert hub.hub.files.path(sha256).read_bytes() == b"all that was said"
            (ended,) = events(hub.hub, "call.ended")
            told = ended["data"]["call"]
            assert (told["direction"], told["status"], len(told["recordings"])) == ("out", "completed", 1)
            assert rows(hub.hub, "SELECT count(*) FROM routes") == [(1,)]

    run(test)


def test_a_call_of_ours_is_not_recorded_unless_wanted(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await hub.say("Your order has left.", to=MINA)
            await eventually(lambda: hub.statuses() == ["accepted"])
            (call,) = provider.calls.values()
            assert not [name for name in call if "Record" in name]

    run(test)


def test_a_call_that_is_not_answered_is_a_message_that_failed(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await hub.say("anybody there?", to=MINA)
            await eventually(lambda: hub.statuses() == ["accepted"])
            (sid,) = provider.calls
            await hub.heard(provider.report(sid, "busy", 2))
            await eventually(lambda: hub.statuses() == ["failed"])
            error = events(hub.hub, "delivery.updated")[-1]["data"]["delivery"]["error"]
            assert (error["code"], error["provider_code"]) == ("unreachable", "busy")

    run(test)


def test_a_call_whose_answer_was_lost_is_never_repeated_and_settled_by_its_report(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            provider.next(Failure.LOST_ANSWER)
            await hub.say("once", to=MINA)
            await eventually(lambda: hub.statuses() == ["uncertain"])
            (sid,) = provider.calls
            await hub.heard(provider.report(sid, "completed", 3))
            await eventually(lambda: hub.statuses() == ["delivered"])
            assert len([one for one in provider.requests if provider.is_send(one)]) == 1

    run(test)


def test_a_rate_limit_pauses_the_lane_and_costs_no_attempt(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            provider.next(Failure.RATE_LIMITED)
            await hub.say("patience", to=MINA)
            await eventually(lambda: hub.statuses() == ["accepted"])
            assert rows(hub.hub, "SELECT attempt FROM deliveries") == [(1,)]
            assert len([one for one in provider.requests if provider.is_send(one)]) == 2

    run(test)


def test_no_secret_is_kept_in_the_store(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await provider.dial_in(Press("2"), Leave())
            await hub.say("hello", to=MINA)
            await eventually(lambda: hub.statuses() == ["accepted"])
            await eventually(lambda: rows(hub.hub, "SELECT id FROM exchanges"))

    run(test)
    assert NUMBER.encode() in kept(tmp_path)
    assert TOKEN.encode() not in kept(tmp_path)
