"""What an operator sets for a server at Postmark."""

from typing import Annotated

import msgspec

from connectors.families.mail.config import MailConfig, Octets
from connectors.kit.secret import Secret

SHORTEST_PASSWORD = 16


class Config(MailConfig, frozen=True, kw_only=True):
    """One address, received and sent through one server."""

    server_token: Secret
    """From the server's page, *API Tokens*."""
    webhook_password: Secret
    """Proves that a webhook is Postmark's, which signs nothing: choose one of 16 characters at least, and write it into
    the addresses that Postmark calls, `https://onethread:<password>@hub.example.com/in/…`."""
    webhook_user: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._-]{1,64}$")] = "onethread"
    message_stream: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] = "outbound"
    """By which mail leaves; one for transactional mail."""
    most_octets: Octets = 7_000_000
    """All files of one mail together: Postmark takes 10 MB, with what base64 adds."""
    api_base: str = "https://api.postmarkapp.com"
    rate_pause: Annotated[float, msgspec.Meta(gt=0, le=300)] = 10.0
    """How long the connector waits where Postmark has had too many requests and does not say for how long."""
    send_seconds: Annotated[float, msgspec.Meta(gt=0, le=110)] = 60.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.webhook_password.reveal()) < SHORTEST_PASSWORD:
            raise ValueError(f"webhook_password: {SHORTEST_PASSWORD} characters at least")
        if not self.server_token.reveal().isascii() or not self.server_token.reveal().isprintable():
            raise ValueError("server_token: it is made of printable ASCII characters")
