"""What an operator sets for an official account."""

from typing import Annotated, Literal

import msgspec

from connectors.channels.wechat.sealing import key_of
from connectors.kit.config import PluginConfig
from connectors.kit.errors import BadPayload
from connectors.kit.secret import Secret

Octets = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]
Pause = Annotated[float, msgspec.Meta(gt=0, le=86_400)]


class Config(PluginConfig, frozen=True, kw_only=True):
    """One official account."""

    app_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    """AppID of the account."""
    app_secret: Secret
    """AppSecret of the account; access tokens are fetched with it."""
    token: Secret
    """The one of the server configuration: 3 to 32 letters and digits of your choice."""
    encryption: Literal["plain", "compatible", "safe"] = "safe"
    """As the server configuration says. `plain` proves who called, but not what they said. `compatible` takes both, for
    the time of a change."""
    aes_key: Secret | None = None
    """EncodingAESKey, of 43 characters; wanted unless `encryption` is `plain`."""
    welcome: Annotated[str, msgspec.Meta(min_length=1, max_length=600)] | None = None
    """Said at once to whoever subscribes, at no cost to the quota. It is not part of the conversation's history."""
    positions: bool = False
    """Whether the positions that the app reports while somebody has the account open are kept as messages."""
    api_base: str = "https://api.weixin.qq.com"
    fresh_seconds: Seconds = 300.0
    """How far a call's time may be from ours."""
    rate_pause: Pause = 60.0
    """How long the connector waits where WeChat has had too much within a minute."""
    quota_pause: Pause = 3600.0
    """How long the connector waits where the day's quota is used up."""
    send_seconds: Seconds = 30.0
    download_octets: Octets = 50 << 20

    def __post_init__(self) -> None:
        word = self.token.reveal()
        if not (3 <= len(word) <= 32 and word.isascii() and word.isalnum()):
            raise ValueError("token: it is 3 to 32 letters and digits")
        if not self.app_secret:
            raise ValueError("app_secret: empty")
        if self.encryption != "plain" and self.aes_key is None:
            raise ValueError("aes_key: wanted unless `encryption` is `plain`")
        if self.aes_key is not None:
            _check(self.aes_key)


def _check(key: Secret) -> None:
    try:
        key_of(key)
    except BadPayload as error:
        raise ValueError(f"aes_key: {error.detail}") from None
