from vk_community import FIXTURES

from connectors.channels.vk import Vk
from connectors.channels.vk.simulator import Simulator
from connectors.kit.testing import conformance


class TestVk(conformance(Vk, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
