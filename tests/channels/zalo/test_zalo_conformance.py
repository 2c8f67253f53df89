from zalo_account import FIXTURES

from connectors.channels.zalo import Zalo
from connectors.channels.zalo.simulator import Simulator
from connectors.kit.testing import conformance


class TestZalo(conformance(Zalo, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
