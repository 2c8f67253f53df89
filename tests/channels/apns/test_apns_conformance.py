from apns_app import FIXTURES

from connectors.channels.apns import Apns
from connectors.channels.apns.simulator import Simulator
from connectors.kit.testing import conformance


class TestApns(conformance(Apns, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
