from forum import FIXTURES

from connectors.channels.discourse import Discourse
from connectors.channels.discourse.simulator import Simulator
from connectors.kit.testing import conformance


class TestDiscourse(conformance(Discourse, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
