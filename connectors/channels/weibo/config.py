"""What an operator sets for an account."""

from typing import Annotated

import msgspec

from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

Octets = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]
Pause = Annotated[float, msgspec.Meta(gt=0, le=86_400)]


class Config(PluginConfig, frozen=True, kw_only=True):
    """One verified account in developer mode."""

    account_id: Annotated[int, msgspec.Meta(gt=0)]
    """The account's uid."""
    app_secret: Secret
    """Of the app the account is bound to; it signs the calls."""
    access_token: Secret
    """From the account's page of the fans service platform."""
    save_sent: bool = True
    """Whether what the hub sends shows in the account's own sent messages."""
    api_base: str = "https://m.api.weibo.com"
    reply_path: Annotated[str, msgspec.Meta(pattern="^/[A-Za-z0-9/._-]+$")] = "/2/messages/reply.json"
    """Of the commercial interface, with `api_base: https://c.api.weibo.com`: `/2/messages/reply/biz.json`."""
    media_base: str = "https://upload.api.weibo.com"
    """Where pictures and voices are."""
    oauth_base: str = "https://api.weibo.com"
    """Where a token is asked about."""
    fresh_seconds: Seconds = 300.0
    """How far a call's time may be from ours."""
    rate_pause: Pause = 600.0
    """How long the connector waits where a limit is reached; Weibo does not say for how long."""
    send_seconds: Seconds = 30.0
    download_octets: Octets = 20 << 20

    def __post_init__(self) -> None:
        for name, value in (("app_secret", self.app_secret), ("access_token", self.access_token)):
            word = value.reveal()
            if not word or not word.isascii() or not word.isprintable():
                raise ValueError(f"{name}: it is made of printable ASCII characters")
