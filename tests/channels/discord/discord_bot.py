"""A bot's settings, somebody it talks to, and a Discord that always answers the same."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import discord
from connectors.channels.discord import Discord
from connectors.channels.discord.simulator import PUBLIC, Simulator
from connectors.kit.base import Outbound, Tools
from connectors.kit.config import configured
from connectors.kit.http import Http
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

T = TypeVar("T")
FIXTURES = Path(discord.__file__).parent / "fixtures"
TOKEN = "token.nobody.shall.see"
CHANNEL = "613425648685547541"
SETTINGS: dict[str, Any] = {
    "application_id": "1080000000000000001",
    "public_key": PUBLIC,
    "bot_token": TOKEN,
    "channels": [CHANNEL],
    "poll_seconds": 1,
}
NELLY = "80351110224678912"
HELLO = Outbound(
    token="1.1", address=Address(scheme="discord", value=f"channel:{CHANNEL}"), payload=Payload(text="Hello")
)


def plugin(**settings: Any) -> Discord:
    config = configured(Discord.Config, {**SETTINGS, **settings})
    return Discord(config, Tools("support", Http("support"), lambda: beside.NOW, beside.HOOK))


def answering(reply: Reply) -> Simulator:
    return beside.answering(Simulator, SETTINGS, reply)


def during(provider: Simulator, act: Callable[[Discord], Awaitable[T]], **more: Any) -> T:
    """What `act` gives with a plugin that talks to `provider`; its connection is closed afterwards."""

    async def closed(plugin: Discord) -> T:
        try:
            return await act(plugin)
        finally:
            await plugin.close()

    return beside.during(Discord, provider, closed, **more)
