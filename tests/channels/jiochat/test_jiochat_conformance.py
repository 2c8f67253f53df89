from jiochat_account import FIXTURES

from connectors.channels.jiochat import JioChat
from connectors.channels.jiochat.simulator import Simulator
from connectors.kit.testing import conformance


class TestJioChat(conformance(JioChat, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
