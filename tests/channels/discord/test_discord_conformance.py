from discord_bot import FIXTURES

from connectors.channels.discord import Discord
from connectors.channels.discord.simulator import Simulator
from connectors.kit.testing import conformance


class TestDiscord(conformance(Discord, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
