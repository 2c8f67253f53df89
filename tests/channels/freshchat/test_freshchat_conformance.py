from freshchat_account import FIXTURES

from connectors.channels.freshchat import Freshchat
from connectors.channels.freshchat.simulator import Simulator
from connectors.kit.testing import conformance


class TestFreshchat(conformance(Freshchat, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
