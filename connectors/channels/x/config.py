"""What an operator sets for an account."""

import re
from typing import Annotated, Final

import msgspec

from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

Octets = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]
SECRETS: Final = ("consumer_secret", "access_token", "access_token_secret", "client_secret", "bearer_token")
SECRET: Final = re.compile(r"[\x21-\x7e]{1,512}", re.ASCII)


class Config(PluginConfig, frozen=True, kw_only=True):
    """The direct messages of one account on X."""

    user_id: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,20}$")]
    """The account's number, which its access token begins with."""
    consumer_secret: Secret
    """The app's API key secret; it signs the webhooks."""
    consumer_key: Annotated[str, msgspec.Meta(pattern="^[!-~]{1,256}$")] | None = None
    """The app's API key, for OAuth 1.0a."""
    access_token: Secret | None = None
    """Of the account, by OAuth 1.0a, with permission to read and write direct messages. It does not run out."""
    access_token_secret: Secret | None = None
    client_id: Annotated[str, msgspec.Meta(pattern="^[!-~]{1,256}$")] | None = None
    """The app's client ID, for OAuth 2.0: `onethread connectors authorize` gets the tokens."""
    client_secret: Secret | None = None
    """None: the app is a public client."""
    redirect_url: Annotated[str, msgspec.Meta(pattern="^https?://[!-~]{1,1000}$")] = "http://127.0.0.1/"
    """Where X sends the browser in which the account allowed it; the app names the same. No page need be there."""
    bearer_token: Secret | None = None
    """Of the app; only for setting the webhook."""
    api_base: str = "https://api.x.com"
    rate_pause: Seconds = 60.0
    """How long the connector waits where X has had too many requests and does not say until when."""
    send_seconds: Seconds = 30.0
    upload_seconds: Seconds = 120.0
    download_octets: Octets = 100 << 20

    def __post_init__(self) -> None:
        for name in SECRETS:
            secret: Secret | None = getattr(self, name)
            if secret is not None and not SECRET.fullmatch(secret.reveal()):
                raise ValueError(f"{name}: made of up to 512 printable ASCII characters")
        older = (self.consumer_key, self.access_token, self.access_token_secret)
        if self.client_id is None and (None in older or self.client_secret is not None):
            raise ValueError("consumer_key, access_token, access_token_secret (OAuth 1.0a), or client_id (OAuth 2.0)")
        if self.client_id is not None and older != (None, None, None):
            raise ValueError("client_id: OAuth 2.0, beside what is for OAuth 1.0a: only one of them can be meant")
