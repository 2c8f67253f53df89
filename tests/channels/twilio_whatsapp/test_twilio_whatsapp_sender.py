"""The sender at Twilio: its webhook, and the sign that somebody writes. Twilio's SDK judges both by its own words."""

import asyncio
from urllib.parse import parse_qs

import msgspec
import pytest
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client
from twilio.rest.messaging.v2.channels_sender import ChannelsSenderList
from twilio_whatsapp_chats import MINA, simulator

from connectors.channels.twilio_whatsapp import TwilioWhatsApp
from connectors.channels.twilio_whatsapp.simulator import SENDER_SID
from connectors.kit.base import Registers, Registration, TypesUnder
from connectors.kit.errors import Misconfigured, Refused
from normalizer.commands import SetTyping
from normalizer.inbound import Address
from tests.channels.beside import HOOK, during, running

POINTED = Registration(url=HOOK, details={"method": "POST", "overrides": "rc=5&rp=all", "status": "online"})
TO = Address(scheme="tel", value=MINA)


class Heard(HttpClient):
    """What the SDK would have sent."""

    def __init__(self):
        self.asked = []

    def request(self, method, uri, params=None, data=None, headers=None, **_):  # noqa: ARG002 - the SDK's own
        self.asked.append((method, uri, data))
        return Response(200, '{"success": true, "sid": "XE1"}')


def test_it_has_the_abilities_it_promises():
    assert issubclass(TwilioWhatsApp, Registers)
    assert issubclass(TwilioWhatsApp, TypesUnder)


def test_the_webhook_is_set_read_and_taken_away_and_what_else_is_kept_stays():
    with simulator() as provider:
        provider.webhook = {"fallback_url": "https://elsewhere.example/"}
        assert during(TwilioWhatsApp, provider, lambda p: p.registration()).url is None
        assert during(TwilioWhatsApp, provider, lambda p: p.register(HOOK)) == POINTED
        told = {"callback_url": f"{HOOK}#rc=5&rp=all", "callback_method": "POST"}
        assert provider.webhook == {"fallback_url": "https://elsewhere.example/", **told}
        assert during(TwilioWhatsApp, provider, lambda p: p.registration()) == POINTED
        assert during(TwilioWhatsApp, provider, lambda p: p.unregister()).url is None


def test_a_number_that_is_no_sender_is_told_as_such():
    with simulator() as provider, pytest.raises(Misconfigured, match="no sender of this account"):
        during(TwilioWhatsApp, provider, lambda p: p.register(HOOK), settings={"number": "+14155238886"})


def test_the_sdk_says_the_webhook_in_the_same_words():
    with simulator() as provider:
        during(TwilioWhatsApp, provider, lambda p: p.register(HOOK))
        wire = provider.requests[-1]
    heard = Heard()
    client = Client("AC1", "token", http_client=heard)
    update = ChannelsSenderList.MessagingV2ChannelsSenderRequestsUpdate(msgspec.json.decode(wire.body))
    client.messaging.v2.channels_senders(SENDER_SID).update(update)
    ((method, url, body),) = heard.asked
    assert (method, url) == (wire.method, f"https://messaging.twilio.com{wire.path}")
    said = {name: value for name, value in body["webhook"].items() if value is not None}
    assert said == {"callback_url": f"{HOOK}#rc=5&rp=all", "callback_method": "POST"}


def test_the_sdk_shows_typing_in_the_same_words():
    with simulator() as provider:
        provider.message("hi", MessageSid="SM1")
        during(TwilioWhatsApp, provider, lambda p: p.typing_under(TO, "SM1"))
        (wire,) = provider.requests
    heard = Heard()
    Client("AC1", "token", http_client=heard).messaging.v2.typing_indicator.create(channel="whatsapp", message_id="SM1")
    ((method, url, form),) = heard.asked
    assert (method, url) == (wire.method, f"https://messaging.twilio.com{wire.path}")
    assert {name: [value] for name, value in form.items()} == parse_qs(wire.body.decode())


def test_what_is_no_message_of_theirs_shows_nothing():
    with simulator() as provider:
        with pytest.raises(Refused):
            during(TwilioWhatsApp, provider, lambda p: p.typing_under(TO, "CH404"))
        during(TwilioWhatsApp, provider, lambda p: p.typing_under(TO, "no SID"))
        assert (provider.shown, len(provider.requests)) == ([], 1)


def test_who_wrote_sees_that_somebody_answers(tmp_path):
    async def test(provider):
        async with running(tmp_path, "twilio_whatsapp", provider, backfill=False) as hub:
            await hub.heard(provider.genuine(provider.message("hello", MessageSid="SM1")))
            (conversation,) = hub.conversations()
            await hub.hub.show_typing(SetTyping(conversation_id=conversation))
            assert provider.shown == [{"channel": "whatsapp", "messageId": "SM1"}]

    with simulator() as provider:
        asyncio.run(test(provider))
