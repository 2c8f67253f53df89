from twilio_whatsapp_chats import FIXTURES

from connectors.channels.twilio_whatsapp import TwilioWhatsApp
from connectors.channels.twilio_whatsapp.simulator import Simulator
from connectors.kit.testing import conformance


class TestTwilioWhatsApp(conformance(TwilioWhatsApp, FIXTURES, Simulator)):
    """Every promise of the contract, on this plugin."""
