"""What an operator sets for a Rocket.Chat workspace."""

from typing import Annotated

import msgspec

from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

Octets = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]


class Config(PluginConfig, frozen=True, kw_only=True):
    """The omnichannel of one workspace, where one user speaks for the hub."""

    api_base: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s?#]+$")]
    """Where the workspace is, such as `https://chat.example.com`."""
    user_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    """The user who speaks; shown beside the access token when it is made."""
    auth_token: Secret
    """A personal access token of that user."""
    webhook_secret: Secret
    """The secret token of the omnichannel webhook."""
    history: bool = True
    """Rooms are asked for what was said while the hub was down; the user has to see all of them."""
    rate_pause: Seconds = 30.0
    """How long the connector waits where the workspace had too many requests."""
    send_seconds: Seconds = 30.0
    download_octets: Octets = 100 << 20

    def __post_init__(self) -> None:
        for name in ("auth_token", "webhook_secret"):
            word = getattr(self, name).reveal()
            if not word or not word.isascii() or not word.isprintable():
                raise ValueError(f"{name}: it is made of printable ASCII characters")
