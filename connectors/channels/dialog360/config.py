"""What an operator sets for a number at 360dialog."""

from typing import Annotated

import msgspec

from connectors.families.meta.graph import TOKEN
from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

LEAST = 16


class Config(PluginConfig, frozen=True, kw_only=True):
    """One business number on WhatsApp, carried by 360dialog."""

    api_key: Secret
    """Of the number, from 360dialog's hub."""
    webhook_secret: Secret
    """Any words of your own, 16 characters or more: 360dialog says them in a header with each webhook."""
    list_label: Annotated[str, msgspec.Meta(min_length=1, max_length=20)] = "Options"
    """What opens a list of more than three choices."""
    read_receipts: bool = True
    """Customers see the two blue ticks once an agent has read what they wrote."""
    templates_for: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 300.0
    """For how many seconds the number's list of templates is believed before it is asked for again."""
    rate_pause: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 30.0
    """Seconds waited where 360dialog or WhatsApp had too much; they name none."""
    api_base: str = "https://waba-v2.360dialog.io"
    """`https://waba-sandbox.360dialog.io` for a key of the sandbox."""
    send_seconds: Annotated[float, msgspec.Meta(gt=0, le=300)] = 30.0
    download_octets: Annotated[int, msgspec.Meta(gt=0)] = 110_000_000
    """The largest file that is fetched."""

    def __post_init__(self) -> None:
        if not TOKEN.fullmatch(self.api_key.reveal()):
            raise ValueError("api_key: not what a header can hold")
        secret = self.webhook_secret.reveal()
        if len(secret) < LEAST or not TOKEN.fullmatch(secret):
            raise ValueError(f"webhook_secret: {LEAST} characters or more, all of them such as a header can hold")
