"""What an operator sets for a bot."""

import re
from typing import Annotated, Final, Literal

import msgspec

from connectors.kit.config import PluginConfig
from connectors.kit.secret import Secret

TOKEN: Final = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,128}")
SECRET_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")

UPDATES: Final = (
    "message",
    "edited_message",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "message_reaction",
    "callback_query",
    "my_chat_member",
)
"""Asked for by name: `message_reaction` comes only so, and leaving the list out keeps the previous one."""

Octets = Annotated[int, msgspec.Meta(gt=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=300)]


class Config(PluginConfig, frozen=True, kw_only=True):
    """One bot. Limits are those of the public server; a self-hosted one allows up to 2000 MB per file."""

    token: Secret
    """As BotFather gives it: `<digits>:<characters>`."""
    secret_token: Secret | None = None
    """1–256 characters of `A-Z a-z 0-9 _ -`, of your own choice; needed where mode is `webhook`."""
    mode: Literal["webhook", "polling"] = "webhook"
    api_base: str = "https://api.telegram.org"
    allowed_updates: tuple[str, ...] = UPDATES
    max_connections: Annotated[int, msgspec.Meta(ge=1, le=100)] = 40
    """How many webhook requests Telegram sends at once."""
    link_previews: bool = True
    poll_seconds: Annotated[int, msgspec.Meta(ge=0, le=50)] = 25
    """How long one poll waits for news."""
    poll_limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 100
    send_seconds: Seconds = 30.0
    upload_seconds: Seconds = 120.0
    photo_octets: Octets = 10_000_000
    """A larger picture goes as a document, which keeps every pixel."""
    download_octets: Octets = 20 * 1024 * 1024

    def __post_init__(self) -> None:
        if not TOKEN.fullmatch(self.token.reveal()):
            raise ValueError("token: not of the form <digits>:<characters> that BotFather gives")
        if self.mode == "webhook" and self.secret_token is None:
            raise ValueError("secret_token: needed where mode is webhook")
        if self.secret_token is not None and not SECRET_TOKEN.fullmatch(self.secret_token.reveal()):
            raise ValueError("secret_token: 1 to 256 characters of A-Z a-z 0-9 _ -")
