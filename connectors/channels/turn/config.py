"""What an operator sets for a number at Turn.io."""

from typing import Annotated

import msgspec

from connectors.families.meta.graph import NUMBER, TOKEN
from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret


class Config(PluginConfig, frozen=True, kw_only=True):
    """One business number on WhatsApp, carried by Turn.io."""

    token: Secret
    """Of the number, from *Settings → API & Webhooks*."""
    hmac_secret: Secret
    """Of the webhook; Turn.io shows it where the webhook is made."""
    business_account_id: str
    """The id of the WhatsApp Business Account the number and its templates belong to."""
    namespace: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_]{1,100}$")] | None = None
    """Of the account's templates, where Turn.io asks for one."""
    list_label: Annotated[str, msgspec.Meta(min_length=1, max_length=20)] = "Options"
    """What opens a list of more than three choices."""
    templates_for: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 300.0
    """For how many seconds the account's list of templates is believed before it is asked for again."""
    graph_version: Annotated[str, msgspec.Meta(pattern=r"^v[1-9][0-9]?\.[0-9]$")] = "v14.0"
    """Of the Graph API behind Turn.io's address, for the list of templates."""
    rate_pause: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 60.0
    """Seconds waited where Turn.io or WhatsApp had too much; Turn.io counts by the minute."""
    api_base: str = "https://whatsapp.turn.io"
    send_seconds: Annotated[float, msgspec.Meta(gt=0, le=300)] = 30.0
    download_octets: Annotated[int, msgspec.Meta(gt=0)] = 110_000_000
    """The largest file that is fetched."""

    def __post_init__(self) -> None:
        if not TOKEN.fullmatch(self.token.reveal()):
            raise ValueError("token: not what a header can hold")
        if not self.hmac_secret:
            raise ValueError("hmac_secret: empty")
        if not NUMBER.fullmatch(self.business_account_id):
            raise ValueError("business_account_id: an id is made of digits")
