"""What an operator sets for a page."""

from typing import Annotated

import msgspec

from connectors.families.meta.graph import NUMBER, well_formed
from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

Octets = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]


class Config(PluginConfig, frozen=True, kw_only=True):
    """One Facebook page that people write to on Messenger."""

    page_id: str
    access_token: Secret
    """Of the page, with `pages_messaging`, `pages_manage_metadata` and `pages_read_engagement`; one that does not run
    out."""
    app_secret: Secret
    """Signs the webhooks; on the app's *Settings → Basic*."""
    verify_token: Secret
    """Any words of your own: Meta says them when it first calls the address."""
    app_id: str | None = None
    """Only for `connectors webhook`: with it the address is set from here."""
    human_agent: bool = False
    """The app was granted *Human Agent*: people may be answered for seven days, by people. Automatic texts keep to 24
    hours."""
    comments: bool = False
    """What is said under the page's posts, and what visitors post there, is heard and answered too, in public. Wants
    `pages_manage_engagement`."""
    read_receipts: bool = True
    """Customers see that an agent has read what they wrote."""
    version: str = "v25.0"
    """Of the Graph API; each lives for about two years."""
    rate_pause: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 60.0
    """Seconds waited where Meta had too much; it names none."""
    api_base: str = "https://graph.facebook.com"
    send_seconds: Seconds = 30.0
    download_octets: Octets = 30_000_000
    """The largest file that is fetched."""

    def __post_init__(self) -> None:
        if not NUMBER.fullmatch(self.page_id):
            raise ValueError("page_id: an id is made of digits")
        if self.app_id is not None and not NUMBER.fullmatch(self.app_id):
            raise ValueError("app_id: an id is made of digits")
        well_formed(self.version, self.app_secret, self.verify_token, self.access_token)
