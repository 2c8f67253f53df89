"""What an operator sets for one app in Google Play."""

from typing import Annotated, Final

import msgspec

from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]
LONGEST: Final = 350
"""Characters of a reply, of which Google says "approximately"."""


class ServiceAccount(msgspec.Struct, frozen=True):
    """What the file of a service account's key holds, as far as it is needed."""

    client_email: Annotated[str, msgspec.Meta(min_length=3, max_length=320)]
    private_key: Annotated[str, msgspec.Meta(min_length=40)]
    private_key_id: str | None = None
    token_uri: Annotated[str, msgspec.Meta(pattern="^https?://[^?#@]+$")] = "https://oauth2.googleapis.com/token"  # noqa: S105

    def __repr__(self) -> str:
        return "ServiceAccount(***)"


_ACCOUNT: Final = msgspec.json.Decoder(ServiceAccount)


class Config(PluginConfig, frozen=True, kw_only=True):
    """One app, and a service account that may reply to reviews."""

    package_name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)+$", max_length=255)]
    """The app's, as `com.example.app`."""
    service_account_key: Secret
    """The whole JSON file of the service account's key."""
    past_days: Annotated[int, msgspec.Meta(ge=0, le=7)] = 7
    """How many days of reviews the first poll brings; Google shows those of a week."""
    poll_seconds: Annotated[float, msgspec.Meta(gt=0, le=800)] = 300.0
    """Between two looks at the list. Google lets an app ask 200 times an hour."""
    pages: Annotated[int, msgspec.Meta(ge=1, le=50)] = 5
    """Of a hundred reviews each, at the most, in one look."""
    longest: Annotated[int, msgspec.Meta(ge=1, le=5000)] = LONGEST
    """Characters of a reply; longer ones are refused before they leave."""
    rate_pause: Seconds = 300.0
    """How long the connector waits where Google has had too many requests and does not say for how long."""
    send_seconds: Seconds = 30.0
    api_base: Annotated[str, msgspec.Meta(pattern="^https?://[^/?#@]+$")] = "https://androidpublisher.googleapis.com"
    oauth_url: Annotated[str, msgspec.Meta(pattern="^https?://[^?#@]+$")] | None = None
    """Where tokens are had; None: where the key's file says."""

    def __post_init__(self) -> None:
        """Raises ValueError."""
        self.account()

    def account(self) -> ServiceAccount:
        """Raises ValueError, whose text holds nothing of the key."""
        try:
            return _ACCOUNT.decode(self.service_account_key.reveal())
        except (msgspec.MsgspecError, UnicodeEncodeError):
            pass
        raise ValueError("service_account_key: the whole JSON file of a service account's key")

    @property
    def tokens_at(self) -> str:
        return self.oauth_url or self.account().token_uri
