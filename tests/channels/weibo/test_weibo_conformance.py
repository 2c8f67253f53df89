from weibo_account import FIXTURES

from connectors.channels.weibo import Weibo
from connectors.channels.weibo.simulator import Simulator
from connectors.kit.testing import conformance


class TestWeibo(conformance(Weibo, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
