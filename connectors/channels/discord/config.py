"""What an operator sets for a bot."""

from typing import Annotated

import msgspec

from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

Octets = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]
Snowflake = Annotated[str, msgspec.Meta(pattern="^[0-9]{5,20}$")]


class Config(PluginConfig, frozen=True, kw_only=True):
    """One bot."""

    application_id: Snowflake
    """Of the application, which is its bot's user id, too."""
    public_key: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    """Of the application; what Discord posts is signed for it."""
    bot_token: Secret
    """Of the bot."""
    channels: tuple[Snowflake, ...] = ()
    """Channels and forums of servers that are served beside private messages, with their threads. What is said there,
    all members see."""
    acknowledgement: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)] = "Thank you. We will answer you here."
    """Said to whoever uses a command; nobody else sees it."""
    shards: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    """How many connections share the bot's servers. 0: as many as Discord recommends when the first session begins."""
    api_base: str = "https://discord.com"
    poll_seconds: Annotated[float, msgspec.Meta(ge=1, le=300)] = 30.0
    """How long a poll waits for news."""
    send_seconds: Seconds = 30.0
    download_octets: Octets = 50 << 20

    def __post_init__(self) -> None:
        word = self.bot_token.reveal()
        if not word or not word.isascii() or not word.isprintable():
            raise ValueError("bot_token: it is made of printable ASCII characters")
