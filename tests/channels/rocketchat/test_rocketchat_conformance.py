from rocketchat_workspace import FIXTURES

from connectors.channels.rocketchat import RocketChat
from connectors.channels.rocketchat.simulator import Simulator
from connectors.kit.testing import conformance


class TestRocketChat(conformance(RocketChat, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
