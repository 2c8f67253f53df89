"""What an operator sets for a sender."""

import re
from typing import Annotated, Final

import msgspec

from connectors.families.twilio.access import NUMBER, check_access
from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

SERVICE: Final = re.compile(r"MG[A-Za-z0-9]{1,64}")
SHORT_CODE: Final = re.compile(r"[0-9]{3,8}")
NAME: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &+_-]{1,11}")
"""An alphanumeric sender."""

Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]


class Config(PluginConfig, frozen=True, kw_only=True):
    """One sender of a Twilio account: a number, a short code, an alphanumeric name, or a messaging service."""

    account_sid: str
    """`AC…`; that of the subaccount, where the sender belongs to one."""
    auth_token: Secret
    """The same account's primary token. It signs the webhooks, and opens the API where no key does."""
    sender: str | None = None
    """E.164, a short code, or an alphanumeric name, which receives nothing."""
    messaging_service_sid: str | None = None
    """`MG…`, instead of `sender`: the service chooses among its numbers."""
    key_sid: str | None = None
    """`SK…`: an API key to ask and send with, instead of the token."""
    key_secret: Secret | None = None
    mms: bool = True
    """Whether the sender carries pictures (MMS: numbers of the USA, Canada and Australia); if not, they go as links."""
    default_keywords: bool = True
    """Whether STOP, START and their like are read as consent where Twilio does not say so itself, as it does with
    Advanced Opt-Out."""
    backfill: bool = True
    """Whether messages whose webhooks did not arrive are asked for; not, where others answer this number too."""
    webhook_retries: Annotated[int, msgspec.Meta(ge=0, le=5)] = 5
    """How often Twilio repeats a webhook that failed, within 15 seconds in all."""
    validity_seconds: Annotated[int, msgspec.Meta(ge=1, le=36_000)] | None = None
    """How long a message may wait in Twilio's queue before it fails; ten hours unless set."""
    smart_encoded: bool = False
    """Whether Twilio writes typographic characters plainly where that saves segments."""
    api_base: str = "https://api.twilio.com"
    """Another for a region; anything that is not Twilio's stands for all of its products."""
    media_origin: str | None = None
    """An origin files may be redirected to although its address is private, such as a mirror's."""
    send_seconds: Seconds = 30.0

    def __post_init__(self) -> None:
        check_access(self.account_sid, self.key_sid, self.key_secret)
        if (self.sender is None) == (self.messaging_service_sid is None):
            raise ValueError("sender: either sender or messaging_service_sid is needed, and not both")
        if self.sender is not None and not any(kind.fullmatch(self.sender) for kind in (NUMBER, SHORT_CODE, NAME)):
            raise ValueError("sender: neither E.164 (+447700900111), a short code, nor a name of up to 11 characters")
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
