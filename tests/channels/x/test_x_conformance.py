from x_account import FIXTURES

from connectors.channels.x import X
from connectors.channels.x.simulator import Simulator
from connectors.kit.testing import conformance


class TestX(conformance(X, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
