"""What an operator sets for a domain at Mailgun."""

from base64 import b64encode
from typing import Annotated

import msgspec

from connectors.families.mail.config import MailConfig
from connectors.kit.secret import Secret

Hours = Annotated[float, msgspec.Meta(gt=0, le=72)]


class Config(MailConfig, frozen=True, kw_only=True):
    """One address, received and sent through one domain."""

    api_key: Secret
    """From *API security*; a key for sending with this domain is enough to send, but not to check."""
    signing_key: Secret
    """From *API security*, as *HTTP webhook signing key*: routes and webhooks are signed with it."""
    sending_domain: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9.-]{1,253}$")] | None = None
    """As Mailgun has it, where that is not the domain of `address`."""
    api_base: str = "https://api.mailgun.net"
    """`https://api.eu.mailgun.net` for domains in Europe."""
    signed_hours: Hours = 9.0
    """How old a signature may be. Mailgun tries for eight hours, and signs when and not what: a signature that somebody
    else saw would be good for anything within that time."""
    store: bool = True
    """Mailgun keeps mails for a while, so that the hub can ask for those that came while it was down."""
    rate_pause: Annotated[float, msgspec.Meta(gt=0, le=300)] = 60.0
    """How long the connector waits where Mailgun has had too many requests and does not say for how long."""
    send_seconds: Annotated[float, msgspec.Meta(gt=0, le=110)] = 60.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, secret in (("api_key", self.api_key), ("signing_key", self.signing_key)):
            if not secret or not secret.reveal().isascii() or not secret.reveal().isprintable():
                raise ValueError(f"{name}: it is made of printable ASCII characters")

    @property
    def at(self) -> str:
        """The domain as Mailgun has it."""
        return self.sending_domain or self.domain


def login(config: Config) -> str:
    """As the header `authorization` of every request says it."""
    return f"Basic {b64encode(f'api:{config.api_key.reveal()}'.encode()).decode()}"
