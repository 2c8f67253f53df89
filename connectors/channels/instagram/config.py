"""What an operator sets for an account."""

from typing import Annotated

import msgspec

from connectors.families.meta.graph import NUMBER, well_formed
from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

Octets = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]


class Config(PluginConfig, frozen=True, kw_only=True):
    """One professional Instagram account, by a page it is linked to or by Instagram's own login."""

    account_id: str
    """The account's id, as webhooks name it in `entry`; not its @name."""
    access_token: Secret
    """Of the linked page, or of the account itself by Instagram's login (60 days; it is not renewed here)."""
    app_secret: Secret
    """Signs the webhooks: of the app, or by Instagram's login the Instagram app secret."""
    verify_token: Secret
    """Any words of your own: Meta says them when it first calls the address."""
    human_agent: bool = False
    """The app was granted *Human Agent*: people may be answered for seven days, by people. Automatic texts keep to 24
    hours."""
    comments: bool = False
    """What is said under the account's posts is heard and answered too, in public. Wants `instagram_manage_comments`,
    by Instagram's login `instagram_business_manage_comments`."""
    read_receipts: bool = True
    """Customers see that an agent has read what they wrote."""
    version: str = "v25.0"
    """Of the Graph API; each lives for about two years."""
    rate_pause: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 60.0
    """Seconds waited where Meta had too much; it names none."""
    api_base: str = "https://graph.facebook.com"
    """`https://graph.instagram.com` by Instagram's login."""
    send_seconds: Seconds = 30.0
    download_octets: Octets = 30_000_000
    """The largest file that is fetched."""

    def __post_init__(self) -> None:
        if not NUMBER.fullmatch(self.account_id):
            raise ValueError("account_id: an id is made of digits")
        well_formed(self.version, self.app_secret, self.verify_token, self.access_token)
