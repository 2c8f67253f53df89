from twilio_sms_sender import FIXTURES

from connectors.channels.twilio_sms import TwilioSms
from connectors.channels.twilio_sms.simulator import Simulator
from connectors.kit.testing import conformance


class TestTwilioSms(conformance(TwilioSms, FIXTURES, Simulator)):
    """Every promise of the contract, on this plugin."""
