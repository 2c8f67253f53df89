"""The webhooks of a server at Postmark: one for mail that comes in, set on the server, and one for reports.

Source: postmarkapp.com/developer/api/server-api, postmarkapp.com/developer/api/webhooks-api (read 2026-11).
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec

from connectors.channels.postmark.config import Config

TRIGGERS: Final[dict[str, Any]] = {
    "Delivery": {"Enabled": True},
    "Bounce": {"Enabled": True, "IncludeContent": False},
    "SpamComplaint": {"Enabled": True, "IncludeContent": False},
    "SubscriptionChange": {"Enabled": True},
}
"""Opens and clicks are not asked for."""


class Server(msgspec.Struct, frozen=True, rename="pascal"):
    id: int = msgspec.field(name="ID", default=0)
    name: str = ""
    inbound_hook_url: str = ""
    raw_email_enabled: bool = False


class Hook(msgspec.Struct, frozen=True, rename="pascal"):
    id: int = msgspec.field(name="ID", default=0)
    url: str = ""
    message_stream: str = ""


class Hooks(msgspec.Struct, frozen=True, rename="pascal"):
    webhooks: Annotated[Sequence[Hook], msgspec.Meta(max_length=1000)] = ()


SERVER: Final = msgspec.json.Decoder(Server)
HOOKS: Final = msgspec.json.Decoder(Hooks)


def with_password(url: str, config: Config) -> str:
    """As Postmark is to call it."""
    parts = urlsplit(url)
    login = f"{config.webhook_user}:{quote(config.webhook_password.reveal(), safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))


def without_password(url: str) -> str:
    """Nothing where it is no address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def reports(url: str, config: Config) -> dict[str, Any]:
    """The webhook for reports, as Postmark is to have it."""
    login = {"Username": config.webhook_user, "Password": config.webhook_password.reveal()}
    return {"Url": url, "MessageStream": config.message_stream, "HttpAuth": login, "Triggers": TRIGGERS}
