from turn_number import FIXTURES

from connectors.channels.turn import Turn
from connectors.channels.turn.simulator import Simulator
from connectors.kit.testing import conformance


class TestTurn(conformance(Turn, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
