"""What an operator sets for a number."""

from typing import Annotated

import msgspec

from connectors.families.meta.graph import NUMBER, well_formed
from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

Octets = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]


class Config(PluginConfig, frozen=True, kw_only=True):
    """One business number on the WhatsApp Cloud API."""

    phone_number_id: str
    """The id of the number, not the number; on *WhatsApp → API Setup*."""
    business_account_id: str
    """The id of the WhatsApp Business Account the number and its templates belong to."""
    access_token: Secret
    """Of a system user, with `whatsapp_business_messaging` and `whatsapp_business_management`."""
    app_secret: Secret
    """Signs the webhooks; on the app's *Settings → Basic*."""
    verify_token: Secret
    """Any words of your own: Meta says them when it first calls the address."""
    list_label: Annotated[str, msgspec.Meta(min_length=1, max_length=20)] = "Options"
    """What opens a list of more than three choices."""
    read_receipts: bool = True
    """Customers see the two blue ticks once an agent has read what they wrote."""
    templates_for: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 300.0
    """For how many seconds the account's list of templates is believed before it is asked for again."""
    version: str = "v25.0"
    """Of the Graph API; each lives for about two years."""
    rate_pause: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 30.0
    """Seconds waited where Meta had too much; it names none."""
    api_base: str = "https://graph.facebook.com"
    send_seconds: Seconds = 30.0
    download_octets: Octets = 110_000_000
    """The largest file that is fetched."""

    def __post_init__(self) -> None:
        if not NUMBER.fullmatch(self.phone_number_id):
            raise ValueError("phone_number_id: an id is made of digits")
        if not NUMBER.fullmatch(self.business_account_id):
            raise ValueError("business_account_id: an id is made of digits")
        well_formed(self.version, self.app_secret, self.verify_token, self.access_token)
