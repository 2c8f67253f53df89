"""What an operator sets for a community."""

from typing import Annotated

import msgspec

from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

Octets = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]
Pause = Annotated[float, msgspec.Meta(gt=0, le=86_400)]


class Config(PluginConfig, frozen=True, kw_only=True):
    """One community."""

    group_id: Annotated[int, msgspec.Meta(gt=0)]
    """Number of the community, without a minus."""
    access_token: Secret
    """Of the community, with the rights to messages, photos and documents, and to manage it for `webhook set`."""
    secret: Secret
    """The secret key of the Callback API server: letters and digits of your choice. It stands in every call."""
    confirmation: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9]{1,64}$")]
    """The string the server has to answer with when its address is set."""
    comments: bool = False
    """Whether comments under posts of the community's wall come in, to be answered there. Everybody reads both."""
    read_receipts: bool = True
    """Customers see that an agent has read what they wrote."""
    api_base: str = "https://api.vk.com"
    rate_pause: Seconds = 60.0
    """How long the connector waits where VK sees a flood."""
    quota_pause: Pause = 3600.0
    """How long the connector waits where VK says that a limit is reached."""
    send_seconds: Seconds = 30.0
    upload_seconds: Seconds = 120.0
    download_octets: Octets = 50 << 20

    def __post_init__(self) -> None:
        for name, value in (("access_token", self.access_token), ("secret", self.secret)):
            word = value.reveal()
            if not word or not word.isascii() or not word.isprintable():
                raise ValueError(f"{name}: it is made of printable ASCII characters")
