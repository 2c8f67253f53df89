"""What an operator sets for a Freshchat account."""

from typing import Annotated

import msgspec

from connectors.channels.freshchat.signature import key_of
from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

Octets = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class Config(PluginConfig, frozen=True, kw_only=True):
    """One account, for which one agent speaks."""

    api_key: Secret
    """The API token."""
    agent_id: Id
    """The agent in whose name messages leave."""
    public_key: str
    """The key beside the webhook's settings, with or without the lines that begin and end it."""
    channel_id: Id | None = None
    """The channel (topic) in which conversations are that the hub begins; without one, it only answers."""
    api_base: str = "https://api.freshchat.com"
    """`https://ACCOUNT.freshchat.com`, as the API settings show it."""
    rate_pause: Seconds = 60.0
    """How long the connector waits where Freshchat had too many requests and does not say for how long."""
    send_seconds: Seconds = 30.0
    download_octets: Octets = 50 << 20

    def __post_init__(self) -> None:
        if not self.api_key or not self.api_key.reveal().isprintable() or not self.api_key.reveal().isascii():
            raise ValueError("api_key: it is made of printable ASCII characters")
        try:
            key_of(self.public_key)
        except ValueError as error:
            raise ValueError(f"public_key: {error}") from None
