from email_sender import FIXTURES

from connectors.channels.email import Email
from connectors.channels.email.simulator import Simulator
from connectors.kit.testing import conformance


class TestEmail(conformance(Email, FIXTURES, Simulator)):
    """Every promise of the contract, on this plugin."""
