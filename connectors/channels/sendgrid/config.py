"""What an operator sets for an account at SendGrid."""

from typing import Annotated

import msgspec

from connectors.channels.sendgrid.signature import read_key
from connectors.families.mail.config import MailConfig, Octets
from connectors.kit.secret import Secret

SHORTEST_SECRET = 16


class Config(MailConfig, frozen=True, kw_only=True):
    """One address, received and sent through one account."""

    api_key: Secret
    """With the permission to send mail; to check it, also to read its own permissions."""
    events_key: str | None = None
    """The public key of the signed event webhook, as *Mail Settings* shows it. Without it no events are taken."""
    inbound_key: str | None = None
    """The public key of the security policy attached to the inbound parse webhook."""
    inbound_secret: Secret | None = None
    """Where there is no such policy: a word of 16 characters at least, in the address that SendGrid calls,
    `https://hub.example.com/in/…?secret=<word>`. Without either no mail is taken."""
    inbound_host: Annotated[str, msgspec.Meta(pattern="^[a-z0-9.-]{1,253}$")] | None = None
    """The host whose MX record points at SendGrid: `onethread connectors webhook set` lets its mail come to the hub."""
    most_octets: Octets = 20_000_000
    """All files of one mail together: SendGrid takes 30 MB, with what base64 adds."""
    api_base: str = "https://api.sendgrid.com"
    """`https://api.eu.sendgrid.com` for accounts in Europe."""
    rate_pause: Annotated[float, msgspec.Meta(gt=0, le=300)] = 60.0
    """How long the connector waits where SendGrid has had too many requests and does not say for how long."""
    send_seconds: Annotated[float, msgspec.Meta(gt=0, le=110)] = 60.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.api_key or not self.api_key.reveal().isascii() or not self.api_key.reveal().isprintable():
            raise ValueError("api_key: it is made of printable ASCII characters")
        for name, key in (("events_key", self.events_key), ("inbound_key", self.inbound_key)):
            if key is not None and read_key(key) is None:
                raise ValueError(f"{name}: no public key as SendGrid shows it")
        if self.inbound_secret is not None and len(self.inbound_secret.reveal()) < SHORTEST_SECRET:
            raise ValueError(f"inbound_secret: {SHORTEST_SECRET} characters at least")
