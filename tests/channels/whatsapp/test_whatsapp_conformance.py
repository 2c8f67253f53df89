from whatsapp_number import FIXTURES

from connectors.channels.whatsapp import WhatsApp
from connectors.channels.whatsapp.simulator import Simulator
from connectors.kit.testing import conformance


class TestWhatsApp(conformance(WhatsApp, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
