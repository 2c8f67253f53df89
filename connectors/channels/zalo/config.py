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
    app_secret_key: Secret | None = None
    """The app's secret key: `onethread connectors authorize` gets the tokens, and the hub renews them."""
    access_token: Secret | None = None
    """Of the account, instead of `app_secret_key`. It ends after about a day: renew it in the file that is named
    (`file:`), and send SIGHUP."""
    redirect_url: Annotated[str, msgspec.Meta(pattern="^https?://[!-~]{1,1000}$")] = "https://127.0.0.1/"
    """Where Zalo sends the browser in which the account allowed it; the app names the same. No page need be there."""
    api_base: str = "https://openapi.zalo.me"
    oauth_base: str = "https://oauth.zaloapp.com"
    rate_pause: Seconds = 30.0
    """How long the connector waits where Zalo had too many requests."""
    quota_pause: Pause = 3600.0
    """How long the connector waits where the account's quota is used up."""
    send_seconds: Seconds = 30.0
    download_octets: Octets = 50 << 20

    def __post_init__(self) -> None:
        for name in ("oa_secret_key", "app_secret_key", "access_token"):
            secret: Secret | None = getattr(self, name)
            word = secret.reveal() if secret is not None else "-"
            if not word or not word.isascii() or not word.isprintable():
                raise ValueError(f"{name}: it is made of printable ASCII characters")
        if (self.app_secret_key is None) == (self.access_token is None):
            raise ValueError("app_secret_key, by which the hub gets the access token, or access_token: one of them")
