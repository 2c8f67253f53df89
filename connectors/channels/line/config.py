"""What an operator sets for a channel."""

import re
from typing import Annotated, Final

import msgspec

from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

TOKEN: Final = re.compile(r"[\x21-\x7e]{6,4096}", re.ASCII)
"""What may stand in a header; LINE says no more of its form."""
PICTURE: Final = re.compile(r"https://\S{1,1992}", re.ASCII)

Octets = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]


class Config(PluginConfig, frozen=True, kw_only=True):
    """One Messaging API channel: the bot of an official account."""

    channel_secret: Secret
    """Signs the webhooks; on the console's *Basic settings*."""
    access_token: Secret
    """The channel access token, long-lived or of any other kind that has not run out; on *Messaging API*."""
    preview_picture: str | None = None
    """Address (https, JPEG or PNG, up to 1 MB) of what stands for a video, or for a picture over 1 MB, until it is
    opened. Without it, these go as links, because LINE shows neither without a preview."""
    typing_seconds: Annotated[int, msgspec.Meta(ge=5, le=60, multiple_of=5)] = 20
    """How long the loading sign shows, unless a message comes first."""
    api_base: str = "https://api.line.me"
    data_base: str = "https://api-data.line.me"
    """Where files are fetched from."""
    send_seconds: Seconds = 30.0
    download_octets: Octets = 300_000_000
    """The largest file that is fetched."""

    def __post_init__(self) -> None:
        if not self.channel_secret:
            raise ValueError("channel_secret: empty")
        if not TOKEN.fullmatch(self.access_token.reveal()):
            raise ValueError("access_token: not what a header can hold")
        if self.preview_picture is not None and not PICTURE.fullmatch(self.preview_picture):
            raise ValueError("preview_picture: not an https address of up to 2000 characters")
