from pathlib import Path

from connectors.channels import chat
from connectors.channels.chat.simulator import Simulator
from connectors.kit.testing import conformance


class TestChat(conformance(chat.Chat, Path(chat.__file__).parent / "fixtures", Simulator)):
    """Every promise of the contract, on this plugin."""
