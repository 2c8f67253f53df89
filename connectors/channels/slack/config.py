"""What an operator sets for an app in one workspace."""

import re
from typing import Annotated, Final

import msgspec

from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

TOKEN: Final = re.compile(r"xox[a-z]-[A-Za-z0-9-]{1,250}")

Octets = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]


class Config(PluginConfig, frozen=True, kw_only=True):
    """One app, installed in one workspace."""

    token: Secret
    """The bot's: `xoxb-…`, from *OAuth & Permissions*."""
    signing_secret: Secret
    """From *Basic Information*; it says that a request is the provider's."""
    api_base: str = "https://slack.com/api"
    files_origin: str = "https://files.slack.com"
    """Where files are fetched from, and the only place but `api_base` that is shown the token."""
    channel_threads: bool = True
    """Each message in a channel begins a thread of its own, and is answered in it; else it is answered beneath."""
    backfill: bool = False
    """Whether what Slack could not deliver is asked for. The app needs further scopes for it."""
    unfurl: bool = True
    """Links in what is sent get previews."""
    send_seconds: Seconds = 30.0
    upload_seconds: Seconds = 120.0
    download_octets: Octets = 100_000_000

    def __post_init__(self) -> None:
        if not TOKEN.fullmatch(self.token.reveal()):
            raise ValueError("token: not of the form xoxb-…")
        if not self.signing_secret:
            raise ValueError("signing_secret: empty")
