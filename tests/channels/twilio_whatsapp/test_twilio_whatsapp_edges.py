"""Refusals by their names, settings that cannot work, and Twilio's own validator as judge."""

from pathlib import Path

import msgspec
import pytest
from twilio.request_validator import RequestValidator
from twilio_whatsapp_chats import FIXTURES, MINA, NUMBER, SETTINGS, plugin, simulator

from connectors.channels.twilio_whatsapp import TwilioWhatsApp
from connectors.channels.twilio_whatsapp.config import Config
from connectors.channels.twilio_whatsapp.simulator import Simulator
from connectors.families.twilio.statuses import CODES
from connectors.kit.base import Account, File, Outbound, Outcome
from connectors.kit.config import configured
from connectors.kit.errors import Misconfigured, Refused, Temporary, Unreachable
from connectors.kit.fixtures import read_fixtures
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address
from normalizer.parts import MediaKind, MediaPart, ReplyAction
from normalizer.payload import Payload
from tests.channels.beside import answering, during

CASES = read_fixtures(FIXTURES).inbound
CHATS = [code for code in CODES if code >= 63000]


def ask(text="hello", to=MINA, files=None, **payload):
    address = Address(scheme="tel", value=to)
    return Outbound(token="t", address=address, payload=Payload(text=text, **payload), files=files or {})


def answered(reply, act):
    with answering(Simulator, SETTINGS, reply) as provider:
        return during(TwilioWhatsApp, provider, act)


def refusal(status, code):
    return Reply.json({"code": code, "message": "no", "status": status}, status)


@pytest.mark.parametrize("code", CHATS)
def test_a_refusal_has_the_name_of_what_comes_next(code):
    with pytest.raises(CODES[code].error) as raised:
        answered(refusal(400, code), lambda p: p.send(ask()))
    assert (raised.value.code, raised.value.provider_code) == (CODES[code].code, str(code))


def test_a_rate_limit_of_the_channel_is_told_by_its_status():
    with pytest.raises(Temporary) as raised:
        answered(refusal(429, 63018), lambda p: p.send(ask()))
    assert raised.value.retry_after == 1.0


def test_a_message_that_failed_at_once_is_refused():
    with pytest.raises(Refused) as raised:
        answered(Reply.json({"sid": "SM1", "status": "failed", "error_code": 63016}, 201), lambda p: p.send(ask()))
    assert (raised.value.code, raised.value.provider_code) == ("window_closed", "63016")


@pytest.mark.parametrize("to", ["07700", "mina", "", "whatsapp:+447700900222"])
def test_who_cannot_be_written_to_is_not(to):
    with simulator() as provider:
        with pytest.raises(Unreachable):
            during(TwilioWhatsApp, provider, lambda p: p.send(ask(to=to)))
        assert provider.requests == []


PICTURE = MediaPart(attachment_id="a1", kind=MediaKind.IMAGE, media_type="image/png")


def file(size, url="https://hub.example.com/f"):
    return {"a1": File("a1", Path("/nowhere"), "image/png", "a.png", size, url)}


@pytest.mark.parametrize(
    "outbound",
    [
        ask(""),
        ask(actions=(ReplyAction(label="Yes"),)),
        ask("", media=(PICTURE, PICTURE), files=file(3)),
        ask("", media=(PICTURE,)),
        ask("", media=(PICTURE,), files=file(3, None)),
        ask("", media=(PICTURE,), files=file(16_000_001)),
    ],
)
def test_what_a_message_cannot_hold_is_refused_rather_than_left_out(outbound):
    with simulator() as provider:
        with pytest.raises(Refused):
            during(TwilioWhatsApp, provider, lambda p: p.send(outbound))
        assert provider.requests == []


def test_the_account_is_asked_for_with_the_token_also_where_a_key_sends():
    key = {"key_sid": "SK77", "key_secret": "key-nobody_shall_see-00000000002"}
    with simulator(**key) as provider:
        account = during(TwilioWhatsApp, provider, lambda p: p.check())
        assert account == Account(name=f"whatsapp:{NUMBER}", details={"account": "Example Ltd", "type": "Full"})
        during(TwilioWhatsApp, provider, lambda p: p.send(ask()))
        first, second = (one.headers["authorization"] for one in provider.requests)
        assert first != second
        with pytest.raises(Misconfigured):
            during(TwilioWhatsApp, provider, lambda p: p.check(), settings={"auth_token": "another-token"})


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"account_sid": "AB1"}, "account_sid"),
        ({"number": "whatsapp:+447700900111"}, "number"),
        ({"messaging_service_sid": "SM1"}, "messaging_service_sid"),
        ({"key_secret": "s"}, "key_sid"),
        ({"nothing": 1}, "nothing"),
    ],
)
def test_what_cannot_work_is_refused(settings, reason):
    with pytest.raises(msgspec.ValidationError, match=reason):
        configured(Config, {**SETTINGS, **settings})


@pytest.mark.parametrize("case", CASES, ids=str)
def test_twilios_validator_agrees_with_every_signature(case):
    validator = RequestValidator("fixture-auth_token-of-the-tests-01")
    assert validator.validate(case.request.url, dict(case.request.form), case.request.headers["x-twilio-signature"])


def test_twilio_hears_twiml_that_answers_nothing():
    told = {outcome: plugin().respond(CASES[0].request, outcome).status for outcome in Outcome}
    assert told == {
        Outcome.RECORDED: 200,
        Outcome.DUPLICATE: 200,
        Outcome.QUARANTINED: 200,
        Outcome.OVERLOADED: 503,
        Outcome.LATE: 503,
    }
    assert plugin().respond(CASES[0].request, Outcome.RECORDED).body == b"<Response/>"


def test_a_list_whose_next_page_is_nowhere_is_asked_for_later():
    told = {"senders": [], "meta": {"key": "senders", "next_page_url": "http://["}}
    with pytest.raises(Temporary, match="an address that cannot be read"):
        answered(Reply.json(told), lambda p: p.registration())
