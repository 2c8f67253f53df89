from web_push_page import FIXTURES

from connectors.channels.web_push import WebPush
from connectors.channels.web_push.simulator import Simulator
from connectors.kit.testing import conformance


class TestWebPush(conformance(WebPush, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
