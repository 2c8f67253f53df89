from telegram_bot import FIXTURES

from connectors.channels.telegram import Telegram
from connectors.channels.telegram.simulator import Simulator
from connectors.kit.testing import conformance


class TestTelegram(conformance(Telegram, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
