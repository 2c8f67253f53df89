"""What an operator sets for one app in the App Store."""

import re
from typing import Annotated, Final

import msgspec

from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]
PEM: Final = re.compile(r"-----BEGIN (EC )?PRIVATE KEY-----\s[A-Za-z0-9+/=\s]+-----END (EC )?PRIVATE KEY-----\s*")


class Config(PluginConfig, frozen=True, kw_only=True):
    """One app, and a key of App Store Connect."""

    app_id: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,20}$")]
    """The app's Apple ID, a number."""
    key_id: Annotated[str, msgspec.Meta(pattern="^[A-Z0-9]{1,20}$")]
    """Of the API key."""
    issuer_id: Annotated[str, msgspec.Meta(pattern="^[0-9a-fA-F-]{36}$")]
    """Of the team whose key it is."""
    private_key: Secret
    """What the key's file holds (`AuthKey_….p8`)."""
    past_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] = 7
    """How many days of reviews the first poll brings."""
    poll_seconds: Annotated[float, msgspec.Meta(gt=0, le=800)] = 120.0
    """Between two looks at the list."""
    pages: Annotated[int, msgspec.Meta(ge=1, le=50)] = 5
    """Of 200 reviews each, at the most, in one look."""
    rate_pause: Seconds = 300.0
    """How long the connector waits where Apple has had too many requests; Apple does not say for how long."""
    send_seconds: Seconds = 30.0
    api_base: Annotated[str, msgspec.Meta(pattern="^https?://[^/?#@]+$")] = "https://api.appstoreconnect.apple.com"

    def __post_init__(self) -> None:
        """Raises ValueError."""
        if not PEM.fullmatch(self.private_key.reveal().strip() + "\n"):
            raise ValueError("private_key: the whole text of the key's file, from BEGIN to END PRIVATE KEY")
