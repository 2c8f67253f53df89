"""What an operator sets for an account."""

import re
from typing import Annotated, Final

import msgspec

from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

Octets = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]
SECRET: Final = re.compile(r"[\x21-\x7e]{1,512}", re.ASCII)


class Config(PluginConfig, frozen=True, kw_only=True):
    """The direct messages of one account on X."""

    user_id: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,20}$")]
    """The account's number, which its access token begins with."""
    consumer_key: Annotated[str, msgspec.Meta(pattern="^[!-~]{1,256}$")]
    """The app's API key."""
    consumer_secret: Secret
    """The app's API key secret; it signs the webhooks too."""
    access_token: Secret
    """Of the account, by OAuth 1.0a, with permission to read and write direct messages. It does not run out."""
    access_token_secret: Secret
    bearer_token: Secret | None = None
    """Of the app; only for setting the webhook."""
    api_base: str = "https://api.x.com"
    rate_pause: Seconds = 60.0
    """How long the connector waits where X has had too many requests and does not say until when."""
    send_seconds: Seconds = 30.0
    upload_seconds: Seconds = 120.0
    download_octets: Octets = 100 << 20

    def __post_init__(self) -> None:
        for name in ("consumer_secret", "access_token", "access_token_secret", "bearer_token"):
            secret: Secret | None = getattr(self, name)
            if secret is not None and not SECRET.fullmatch(secret.reveal()):
                raise ValueError(f"{name}: made of up to 512 printable ASCII characters")
