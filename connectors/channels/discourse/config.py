"""What an operator sets for a forum."""

from typing import Annotated

import msgspec

from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]
LEAST_SECRET = 12
"""Characters of a webhook's secret, which Discourse asks for."""


class Config(PluginConfig, frozen=True, kw_only=True):
    """One forum, and the user who answers there."""

    api_base: Annotated[str, msgspec.Meta(pattern="^https?://[^/?#@]+(/[^?#@]*)?$")]
    """The forum's address, as `https://forum.example.com`."""
    api_key: Secret
    """Of *Admin → API*, for the user alone or for all users."""
    username: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern="^[!-~]+$")]
    """Who answers; their posts are not taken for a customer's."""
    webhook_secret: Secret
    """Of *Admin → Webhooks*: twelve characters or more."""
    staff: bool = False
    """Whether posts of other moderators and administrators are taken for a customer's."""
    backfill: bool = False
    """Whether posts whose webhooks did not arrive are asked for: all that `username` may see, in whatever category."""
    rate_pause: Seconds = 30.0
    """How long the connector waits where the forum has had too much and does not say for how long."""
    send_seconds: Seconds = 30.0
    upload_seconds: Seconds = 120.0
    download_octets: Annotated[int, msgspec.Meta(gt=0)] = 50 << 20

    def __post_init__(self) -> None:
        """Raises ValueError."""
        key = self.api_key.reveal()
        if not key or not (key.isascii() and key.isprintable()):
            raise ValueError("api_key: it is made of printable ASCII characters")
        if len(self.webhook_secret.reveal()) < LEAST_SECRET:
            raise ValueError(f"webhook_secret: at least {LEAST_SECRET} characters")
