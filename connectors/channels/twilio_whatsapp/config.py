"""What an operator sets for a WhatsApp sender."""

import re
from typing import Annotated, Final

import msgspec

from connectors.families.twilio.access import NUMBER, check_access
from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

SERVICE: Final = re.compile(r"MG[A-Za-z0-9]{1,64}")
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]


class Config(PluginConfig, frozen=True, kw_only=True):
    """One WhatsApp sender of a Twilio account."""

    account_sid: str
    """`AC…`; that of the subaccount, where the sender belongs to one."""
    auth_token: Secret
    """The same account's primary token. It signs the webhooks, and opens the API where no key does."""
    number: str
    """The sender's, E.164, without `whatsapp:`."""
    messaging_service_sid: str | None = None
    """`MG…`: the service the sender is in, where there is one and it shall send."""
    key_sid: str | None = None
    """`SK…`: an API key to ask and send with, instead of the token."""
    key_secret: Secret | None = None
    backfill: bool = True
    """Whether messages whose webhooks did not arrive are asked for; not, where others answer this number too."""
    templates_for: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 300.0
    """For how many seconds the account's list of templates is believed before it is asked for again."""
    webhook_retries: Annotated[int, msgspec.Meta(ge=0, le=5)] = 5
    """How often Twilio repeats a webhook that failed, within 15 seconds in all."""
    api_base: str = "https://api.twilio.com"
    """Another for a region."""
    media_origin: str | None = None
    """An origin files may be redirected to although its address is private, such as a mirror's."""
    send_seconds: Seconds = 30.0

    def __post_init__(self) -> None:
        check_access(self.account_sid, self.key_sid, self.key_secret)
        if not NUMBER.fullmatch(self.number):
            raise ValueError("number: not E.164, such as +447700900111")
        if self.messaging_service_sid is not None and not SERVICE.fullmatch(self.messaging_service_sid):
            raise ValueError("messaging_service_sid: not of the form MG…")

    @property
    def signing(self) -> tuple[str, Secret]:
        """User and password that belong to the token itself."""
        return self.account_sid, self.auth_token

    @property
    def credentials(self) -> tuple[str, Secret]:
        """User and password for the API."""
        if self.key_sid is not None and self.key_secret is not None:
            return self.key_sid, self.key_secret
        return self.signing
