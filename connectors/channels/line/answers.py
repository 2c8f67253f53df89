"""What we read of the answers to our own questions. Source: `messaging-api.yml` of line-openapi (read 2026-11)."""

from typing import Annotated

import msgspec


class _Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class SentMessage(_Answer, frozen=True, kw_only=True):
    id: Annotated[str, msgspec.Meta(min_length=1)]


class SentAnswer(_Answer, frozen=True, kw_only=True):
    sent_messages: Annotated[list[SentMessage], msgspec.Meta(min_length=1)]


class Bot(_Answer, frozen=True, kw_only=True):
    user_id: str
    display_name: str = ""
    basic_id: str = ""
    chat_mode: str = ""


class Quota(_Answer, frozen=True, kw_only=True):
    type: str = "none"
    value: int | None = None
    """Absent where the account has no limit."""


class Consumption(_Answer, frozen=True, kw_only=True):
    total_usage: int = 0


class Webhook(_Answer, frozen=True, kw_only=True):
    endpoint: str = ""
    active: bool = False


class Tried(_Answer, frozen=True, kw_only=True):
    """How a webhook fared that LINE made on request."""

    success: bool = False
    status_code: int = 0
    """0 or negative: there was no answer."""
    reason: str = ""
    detail: str = ""


class Preparation(_Answer, frozen=True, kw_only=True):
    status: str
    """`processing`, `succeeded` or `failed`."""


SENT = msgspec.json.Decoder(SentAnswer)
BOT = msgspec.json.Decoder(Bot)
QUOTA = msgspec.json.Decoder(Quota)
CONSUMPTION = msgspec.json.Decoder(Consumption)
WEBHOOK = msgspec.json.Decoder(Webhook)
TRIED = msgspec.json.Decoder(Tried)
PREPARATION = msgspec.json.Decoder(Preparation)
NOTHING = msgspec.json.Decoder(dict[str, msgspec.Raw])
