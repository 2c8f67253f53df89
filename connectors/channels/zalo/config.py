"""What an operator sets for an official account."""

from typing import Annotated

import msgspec

from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

Octets = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]
Pause = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
Id = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,32}$")]


class Config(PluginConfig, frozen=True, kw_only=True):
    """One official account, and the app that is linked with it."""

    app_id: Id
    """Of the app."""
    oa_id: Id
    """Of the official account."""
    oa_secret_key: Secret
    """The account's secret key, with which webhooks are signed; not the app's."""
    access_token: Secret
    """Of the account. It ends after about a day: renew it in the file that is named (`file:`), and send SIGHUP."""
    api_base: str = "https://openapi.zalo.me"
    rate_pause: Seconds = 30.0
    """How long the connector waits where Zalo had too many requests."""
    quota_pause: Pause = 3600.0
    """How long the connector waits where the account's quota is used up."""
    send_seconds: Seconds = 30.0
    download_octets: Octets = 50 << 20

    def __post_init__(self) -> None:
        for name in ("oa_secret_key", "access_token"):
            word = getattr(self, name).reveal()
            if not word or not word.isascii() or not word.isprintable():
                raise ValueError(f"{name}: it is made of printable ASCII characters")
