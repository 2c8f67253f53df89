from smsc import FIXTURES

from connectors.channels.smpp import Smpp
from connectors.channels.smpp.simulator import Simulator
from connectors.kit.testing import conformance


class TestSmpp(conformance(Smpp, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
