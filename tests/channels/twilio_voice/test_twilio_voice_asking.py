"""The account, the number, its webhooks, calls that are refused, and recordings."""

import pytest
from twilio_voice_calls import MINA, NUMBER, simulator

from connectors.channels.twilio_voice import TwilioVoice
from connectors.channels.twilio_voice.parse import MP3
from connectors.channels.twilio_voice.simulator import Simulator
from connectors.families.twilio.simulated import CODES, failure
from connectors.families.twilio.statuses import CODES as ROWS
from connectors.kit.base import Account, Outbound
from connectors.kit.errors import Misconfigured, Refused, Temporary, Unreachable
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address
from normalizer.parts import ReplyAction
from normalizer.payload import Payload
from tests.channels.beside import HOOK, answering, during

APP = {"application_sid": "AP88"}


@pytest.fixture
def provider():
    with simulator(**APP) as twilio:
        yield twilio


def ask(text="hello", to=MINA, **payload):
    return Outbound(token="t", address=Address(scheme="tel", value=to), payload=Payload(text=text, **payload))


def answered(reply, act):
    with answering(Simulator, simulator().config, reply) as provider:
        return during(TwilioVoice, provider, act)


def test_the_account_and_its_number(provider):
    wanted = {"account": "Example Ltd", "type": "Full", "application": "In-app calls"}
    assert during(TwilioVoice, provider, lambda p: p.check()) == Account(name=f"{NUMBER} (Support)", details=wanted)


@pytest.mark.parametrize(
    "settings", [{"auth_token": "another-token"}, {"number": "+15005550006"}, {"application_sid": "AP0"}]
)
def test_what_is_not_the_accounts_is_told(provider, settings):
    with pytest.raises(Misconfigured):
        during(TwilioVoice, provider, lambda p: p.check(), settings=settings)


def test_the_webhooks_are_set_with_number_and_application_and_taken_back(provider):
    registered = during(TwilioVoice, provider, lambda p: p.register(HOOK))
    reports = f"{HOOK}?on=status#rc=5&rp=all"
    assert (registered.url, registered.details) == (HOOK, {"method": "POST", "reports": reports})
    wanted = {"VoiceUrl": HOOK, "VoiceMethod": "POST", "StatusCallback": reports, "StatusCallbackMethod": "POST"}
    assert provider.application == wanted
    assert provider.kept == {**wanted, "VoiceApplicationSid": ""}
    assert during(TwilioVoice, provider, lambda p: p.registration()) == registered
    assert during(TwilioVoice, provider, lambda p: p.unregister()).url is None


@pytest.mark.parametrize("code", [code for code in CODES if code in ROWS and CODES[code][0] < 500])
def test_a_refusal_has_the_name_of_what_comes_next(code):
    with pytest.raises(ROWS[code].error) as raised:
        answered(failure(code), lambda p: p.send(ask()))
    assert (raised.value.code, raised.value.provider_code) == (ROWS[code].code, str(code))


@pytest.mark.parametrize("to", ["07700", "anonymous:CA1", "sip:mina@example.com", "client:"])
def test_who_cannot_be_called_is_not(provider, to):
    with pytest.raises(Unreachable):
        during(TwilioVoice, provider, lambda p: p.send(ask(to=to)))
    assert provider.requests == []


@pytest.mark.parametrize("outbound", [ask(" "), ask("&" * 3000), ask(actions=(ReplyAction(label="Yes"),))])
def test_what_a_call_cannot_say_is_refused(provider, outbound):
    with pytest.raises(Refused):
        during(TwilioVoice, provider, lambda p: p.send(outbound))
    assert provider.requests == []


def recording(provider):
    async def fetched(plugin):
        found = await plugin.fetch(provider.recorded("hello")[1] + MP3)
        return b"".join([chunk async for chunk in found.chunks])

    return fetched


def test_a_recording_is_fetched_with_the_password_at_twilio_only(provider):
    assert during(TwilioVoice, provider, recording(provider)) == b"hello"
    assert ["authorization" in one.headers for one in provider.requests] == [True, False]


def test_a_recording_that_is_not_there_yet_is_asked_for_again(provider):
    provider.processed = False
    with pytest.raises(Temporary):
        during(TwilioVoice, provider, recording(provider))


def test_a_recording_that_was_deleted_is_gone(provider):
    with pytest.raises(Refused):
        answered(Reply(410), recording(provider))


def test_a_recording_elsewhere_does_not_get_the_password(provider):
    async def fetched(plugin):
        found = await plugin.fetch("https://evil.example/RE1.mp3")
        return [chunk async for chunk in found.chunks]

    with pytest.raises(Refused):
        during(TwilioVoice, provider, fetched)
