"""What an operator sets for a JioChat channel."""

import re
from typing import Annotated, Final

import msgspec

from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

Octets = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]
IN_A_PATH: Final = re.compile(r"[A-Za-z0-9_-]{16,128}", re.ASCII)


class Config(PluginConfig, frozen=True, kw_only=True):
    """One channel of JioChat's developer centre."""

    app_id: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    """App id of the channel."""
    app_secret: Secret
    """App secret of the channel; access tokens are fetched with it."""
    path_secret: Secret
    """Stands in the webhook's address, `/in/NAME/SECRET`, and alone proves who calls: 16 to 128 letters, digits, `-`
    and `_` of your choice."""
    token: Secret | None = None
    """The word that JioChat's question whether the address is ours is signed with, where that is not the app secret."""
    api_base: str = "https://channels.jiochat.com"
    rate_pause: Seconds = 60.0
    """How long the connector waits where JioChat had too many requests."""
    send_seconds: Seconds = 30.0
    download_octets: Octets = 50 << 20

    def __post_init__(self) -> None:
        if not IN_A_PATH.fullmatch(self.path_secret.reveal()):
            raise ValueError("path_secret: it is 16 to 128 letters, digits, - and _")
        if not self.app_secret:
            raise ValueError("app_secret: empty")
        if self.token is not None and not self.token:
            raise ValueError("token: empty")
