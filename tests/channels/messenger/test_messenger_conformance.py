from messenger_page import FIXTURES

from connectors.channels.messenger import Messenger
from connectors.channels.messenger.simulator import Simulator
from connectors.kit.testing import conformance


class TestMessenger(conformance(Messenger, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
