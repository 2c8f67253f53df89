from twilio_voice_calls import FIXTURES

from connectors.channels.twilio_voice import TwilioVoice
from connectors.channels.twilio_voice.simulator import Simulator
from connectors.kit.testing import conformance


class TestTwilioVoice(conformance(TwilioVoice, FIXTURES, Simulator)):
    """Every promise of the contract, on this plugin."""
