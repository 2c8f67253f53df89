from instagram_account import FIXTURES

from connectors.channels.instagram import Instagram
from connectors.channels.instagram.simulator import Simulator
from connectors.kit.testing import conformance


class TestInstagram(conformance(Instagram, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
