from line_channel import FIXTURES

from connectors.channels.line import Line
from connectors.channels.line.simulator import Simulator
from connectors.kit.testing import conformance


class TestLine(conformance(Line, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
