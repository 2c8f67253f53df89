"""What a caller hears, as TwiML: judged by Twilio's own builders, whatever the request and however the store is."""

import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse
from twilio_voice_calls import ADA, FIXTURES, MINA, NUMBER, STEPS, TOKEN, plugin, simulator

from connectors.kit.base import Outcome
from connectors.kit.fixtures import as_request, read_fixtures
from connectors.kit.request import Request
from tests.channels.beside import HOOK, NOW

CASES = read_fixtures(FIXTURES).inbound
WHO = "caller=%2B447700900222"
VERBS = {"Say", "Gather", "Dial", "Record", "Enqueue", "Redirect", "Hangup", "Pause", "Play", "Leave"}
DONE = (Outcome.RECORDED, Outcome.DUPLICATE, Outcome.QUARANTINED)
UNDONE = (Outcome.OVERLOADED, Outcome.LATE)
REPORTS = ("status", "leg", "present", "recording", "transcript")


def asked(query="", at=NOW, **fields):
    told = {"CallSid": "CA1", "From": MINA, "To": NUMBER, "CallStatus": "in-progress", "Direction": "inbound", **fields}
    wire = simulator().signed(f"{HOOK}{'?' + query if query else ''}", list(told.items()))
    return as_request(wire, HOOK, at)


def heard(request, outcome=Outcome.RECORDED, **settings):
    answer = plugin(**settings).respond(request, outcome)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/xml")
    return answer.body.decode()


def document_of(twiml):
    return ET.fromstring(twiml)  # noqa: S314 - of our own making


def said(twiml):
    return [verb.text for verb in document_of(twiml).iter("Say")]


def test_a_menu_is_what_twilios_builder_makes():
    gather = Gather(
        input="dtmf speech",
        action=f"{HOOK}?on=menu&at=start&n=1&try=1&caller=%2B447700900222",
        method="POST",
        timeout=5,
        num_digits=1,
        language="en-GB",
        hints="orders, an agent, pedidos",
        speech_timeout="auto",
        action_on_empty_result=True,
    )
    gather.say(STEPS["start"]["say"]["en-GB"], language="en-GB")
    wanted = VoiceResponse()
    wanted.append(gather)
    assert heard(asked()) == str(wanted)


def test_an_agent_rings_with_the_call_they_are_wanted_for():
    report = f"{HOOK}?on=leg&at=agent&n=3&caller=%2B447700900222#rc=5&rp=all"
    dial = Dial(action=f"{HOOK}?on=dial&at=agent&n=3&{WHO}", method="POST", timeout=20, answer_on_bridge=True)
    client = dial.client(status_callback=report, status_callback_event="answered")
    client.identity("ada")
    client.parameter(name="call", value="CA1")
    client.parameter(name="caller", value=MINA)
    dial.number("+447700900333", status_callback=report, status_callback_event="answered")
    wanted = VoiceResponse()
    wanted.append(dial)
    assert heard(asked(f"on=menu&at=start&n=2&{WHO}", Digits="2")) == str(wanted)


def test_a_recorded_conversation_reports_its_recording():
    steps = {"start": {"do": "dial", "to": ["sip:desk@example.com"], "record": True}}
    (dial,) = document_of(heard(asked(From="client:user_42"), steps=steps)).iter("Dial")
    assert (dial.get("record"), dial.get("callerId")) == ("record-from-answer-dual", NUMBER)
    assert "of=call" in dial.get("recordingStatusCallback")
    assert [noun.text for noun in dial] == ["sip:desk@example.com"]


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("case", CASES, ids=str)
def test_whatever_came_and_however_the_store_is_the_answer_is_twiml(case, outcome):
    answer = plugin(auth_token="fixture-auth_token-of-the-tests-01").respond(case.request, outcome)
    is_report = dict(case.request.query).get("on") in REPORTS
    if outcome in UNDONE and is_report:
        assert answer.status == 503
        return
    assert answer.status == 200
    document = document_of(answer.body)
    assert document.tag == "Response"
    assert {verb.tag for verb in document} <= VERBS
    if is_report:
        assert list(document) == []


@pytest.mark.parametrize("outcome", UNDONE)
def test_a_slow_store_makes_twilio_ask_the_same_again_and_then_the_call_goes_on(outcome):
    request = asked(f"on=menu&at=start&n=1&try=1&{WHO}", Digits="1")
    for held in range(1, 4):
        document = document_of(heard(request, outcome))
        assert [verb.tag for verb in document] == (["Say"] if held == 1 else []) + ["Pause", "Redirect"]
        url = document.find("Redirect").text
        assert dict(parse_qsl(urlsplit(url).query))["held"] == str(held)
        wire = simulator().signed(url, [("CallSid", "CA1"), ("From", MINA), ("CallStatus", "in-progress")])
        request = as_request(wire, HOOK, NOW)
        assert [item.key for item in plugin().parse(request)] == ["call:CA1:started", "call:CA1:turn:1:menu"]
    assert said(heard(request, outcome)) == [STEPS["orders"]["say"]["en-GB"]]


def test_what_an_app_said_is_not_lost_while_the_store_is_slow():
    document = document_of(heard(asked(From="client:user_42", page="/basket"), Outcome.LATE))
    wire = simulator().signed(document.find("Redirect").text, [("CallSid", "CA1"), ("From", "client:user_42")])
    (began,) = plugin().parse(as_request(wire, HOOK, NOW))
    assert began.context.page.value == "/basket"


@pytest.mark.parametrize("outcome", DONE)
@pytest.mark.parametrize("request_", [asked("on=menu&at=gone", Digits="1"), asked("on=step&at=gone"), asked("on=dial")])
def test_a_step_that_is_no_more_ends_the_call_in_words(request_, outcome):
    assert said(heard(request_, outcome)) == ["Goodbye."]


@pytest.mark.parametrize(
    ("status", "verbs"),
    [
        ("completed", ["Hangup"]),
        ("answered", ["Hangup"]),
        *((s, ["Say", "Record", "Say", "Hangup"]) for s in ("busy", "no-answer", "failed")),
    ],
)
def test_after_the_agents_telephone(status, verbs):
    document = document_of(heard(asked(f"on=dial&at=agent&n=2&{WHO}", DialCallStatus=status)))
    assert [verb.tag for verb in document] == verbs


@pytest.mark.parametrize(
    ("spoken", "words"),
    [
        ("An agent, please.", None),
        ("ORDERS", STEPS["orders"]["say"]["en-GB"]),
        ("reorders", "Sorry, that is not one of the choices."),
        ("", "Sorry, I did not hear anything."),
    ],
)
def test_speech_is_matched_by_whole_words(spoken, words):
    twiml = heard(asked(f"on=menu&at=start&n=1&try=1&{WHO}", SpeechResult=spoken))
    assert (said(twiml) or [None])[0] == words


@pytest.mark.parametrize(
    ("at", "open_"),
    [
        (datetime(2026, 11, 20, 10, tzinfo=UTC), True),
        (datetime(2026, 11, 20, 18, tzinfo=UTC), False),
        (datetime(2026, 11, 21, 10, tzinfo=UTC), False),
        (datetime(2026, 12, 25, 10, tzinfo=UTC), False),
    ],
)
def test_hours_and_holidays(at, open_):
    hours = {"tz": "Europe/London", "days": {"mon-fri": "9:00-17:00"}, "holidays": ["2026-12-25"]}
    twiml = heard(asked(f"on=menu&at=start&n=1&try=1&{WHO}", at=at, Digits="2"), hours=hours)
    assert ("<Dial" in twiml, "We are closed." in twiml) == (open_, not open_)


def test_a_language_brings_its_voice_its_texts_and_the_hubs_own_phrases():
    voices = {"es-ES": "Polly.Lucia"}
    twiml = heard(asked(f"on=menu&at=spanish&n=1&try=1&lang=es-ES&{WHO}", Digits="8"), voices=voices)
    assert said(twiml) == ["Lo siento, esa opción no existe.", "Pulse 1 para pedidos."]
    assert {verb.get("voice") for verb in document_of(twiml).iter("Say")} == {"Polly.Lucia"}


def test_phrases_can_be_the_operators_own():
    phrases = {"goodbye": {"en-GB": "Cheerio.", "es": "Hasta luego."}}
    assert said(heard(asked("on=step&at=gone&lang=es-MX"), phrases=phrases)) == ["Hasta luego."]
    assert said(heard(asked("on=step&at=gone"), phrases=phrases)) == ["Cheerio."]


def test_the_agent_who_calls_has_the_next_caller():
    dial = Dial()
    dial.queue("sales", url=f"{HOOK}?on=bridge&agent=ada", method="POST")
    wanted = VoiceResponse()
    wanted.append(dial)
    assert heard(asked(From=ADA)) == str(wanted)


def test_a_caller_who_hung_up_is_sent_nowhere():
    for query, fields in (
        ("on=menu&at=start&n=1", {"Digits": ""}),
        ("on=dial&at=agent&n=2", {"DialCallStatus": "canceled"}),
    ):
        twiml = heard(asked(f"{query}&{WHO}", CallStatus="completed", **fields))
        assert twiml.endswith("<Response><Hangup /></Response>")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_twilios_validator_agrees_with_every_signature(case):
    request: Request = case.request
    validator = RequestValidator("fixture-auth_token-of-the-tests-01")
    assert validator.validate(request.url, dict(request.form), request.headers["x-twilio-signature"])


def test_the_address_that_comes_next_is_part_of_what_is_signed():
    request = asked(f"on=menu&at=start&n=1&{WHO}", Digits="1")
    plugin().verify(request)
    moved = replace(request, url=request.url.replace("at=start", "at=agent"))
    assert not RequestValidator(TOKEN).validate(moved.url, dict(moved.form), moved.headers["x-twilio-signature"])
