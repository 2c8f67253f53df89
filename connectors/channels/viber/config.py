"""What an operator sets for a bot."""

from typing import Annotated

import msgspec

from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

Octets = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]


class Config(PluginConfig, frozen=True, kw_only=True):
    """One bot."""

    token: Secret
    """From Viber's admin panel, as *Your app key*; it signs the webhooks too."""
    sender: Annotated[str, msgspec.Meta(min_length=1, max_length=28)]
    """The name shown beside what the bot says."""
    avatar: Annotated[str, msgspec.Meta(pattern="^https://")] | None = None
    """The address of a picture shown beside it."""
    api_base: str = "https://chatapi.viber.com"
    rate_pause: Seconds = 60.0
    """How long the connector waits where Viber has had too many messages; Viber does not say for how long."""
    send_seconds: Seconds = 30.0
    picture_octets: Octets = 1_000_000
    """A larger picture goes as a file."""
    video_octets: Octets = 26_000_000
    """A larger video goes as a file."""
    download_octets: Octets = 50 << 20

    def __post_init__(self) -> None:
        if not self.token.reveal().isprintable() or not self.token.reveal().isascii():
            raise ValueError("token: it is made of printable ASCII characters")
        if not self.token:
            raise ValueError("token: empty")
