"""What an operator sets for one channel of an application."""

import re
from typing import Annotated, Final, Literal

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

Octets = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]
Word = Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z-]{1,64}$")]
SECRET: Final = re.compile(r"[\x21-\x7e]{1,256}", re.ASCII)


class Config(PluginConfig, frozen=True, kw_only=True):
    """One channel of Vonage's Messages API."""

    channel: Literal["sms", "mms", "whatsapp", "messenger", "viber_service", "rcs"]
    """Which of the API's channels this connector is."""
    sender: Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x20\x7f+][^\x00-\x1f\x7f]{0,49}$")]
    """From whom messages come: a number without `+`, a name, or the id of the page, service or agent."""
    account: Word
    """The API key, which names the account; webhooks that name another are refused."""
    api_secret: Secret
    signature_secret: Secret
    """Signs the webhooks; under *API settings* on the dashboard."""
    application_id: Word | None = None
    """The application that the channel is linked to; webhooks that name another are refused."""
    private_key: Secret | None = None
    """The application's key (PEM), which signs requests. Without it they carry the account's name and secret."""
    business_account_id: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,32}$")] | None = None
    """The WhatsApp business account (WABA) whose templates are sent; without it none are."""
    templates_for: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 300.0
    """For how many seconds the account's list of templates is believed before it is asked for again."""
    default_keywords: bool = True
    """STOP, START and their like in SMS and MMS are consent."""
    lasts_seconds: Annotated[int, msgspec.Meta(ge=300, le=259_200)] | None = None
    """How long delivery of an SMS, MMS or RCS message is tried; else as long as Vonage thinks right."""
    media_octets: Octets | None = None
    """The largest file that is sent as such, instead of the channel's own limit; a larger one goes as a link."""
    oldest_seconds: Annotated[int, msgspec.Meta(ge=60)] = 90_000
    """How old a webhook's signature may be. Vonage repeats for a day and does not say whether it signs anew; what is
    received twice is recorded once."""
    rate_pause: Seconds = 5.0
    """How long the connector waits where Vonage has had too many requests and does not say for how long."""
    send_seconds: Seconds = 30.0
    download_octets: Octets = 100 << 20
    api_base: str = "https://api.nexmo.com"

    def __post_init__(self) -> None:
        for name in ("api_secret", "signature_secret"):
            if not SECRET.fullmatch(getattr(self, name).reveal()):
                raise ValueError(f"{name}: made of up to 256 printable ASCII characters")
        if self.business_account_id is not None and self.channel != "whatsapp":
            raise ValueError("business_account_id: only with the channel whatsapp")
        if self.private_key is not None:
            if self.application_id is None:
                raise ValueError("private_key: only with application_id")
            _check(self.private_key)


def _check(key: Secret) -> None:
    """Raises ValueError, without a word of the key."""
    try:
        found = load_pem_private_key(key.reveal().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, RSAPrivateKey):
        raise ValueError("private_key: not an RSA key in PEM without a password")
