from wechat_account import FIXTURES

from connectors.channels.wechat import WeChat
from connectors.channels.wechat.simulator import Simulator
from connectors.kit.testing import conformance


class TestWeChat(conformance(WeChat, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
