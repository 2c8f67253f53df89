from dialog360_number import FIXTURES

from connectors.channels.dialog360 import Dialog360
from connectors.channels.dialog360.simulator import Simulator
from connectors.kit.testing import conformance


class TestDialog360(conformance(Dialog360, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
