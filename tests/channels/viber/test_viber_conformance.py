from viber_bot import FIXTURES

from connectors.channels.viber import Viber
from connectors.channels.viber.simulator import Simulator
from connectors.kit.testing import conformance


class TestViber(conformance(Viber, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
