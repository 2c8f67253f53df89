"""What we read of the answers to our own questions. Source: core.telegram.org/bots/api (read 2026-11)."""

import msgspec

from connectors.channels.telegram.update import Id, Stamp


class Bot(msgspec.Struct, frozen=True):
    id: int
    username: str = ""
    first_name: str = ""


class Webhook(msgspec.Struct, frozen=True):
    url: str = ""
    pending_update_count: int = 0
    last_error_message: str | None = None
    last_error_date: int | None = None
    max_connections: int | None = None
    allowed_updates: list[str] = []


class File(msgspec.Struct, frozen=True):
    file_path: str | None = None
    file_size: int | None = None


class BotAnswer(msgspec.Struct, frozen=True):
    result: Bot


class WebhookAnswer(msgspec.Struct, frozen=True):
    result: Webhook


class FileAnswer(msgspec.Struct, frozen=True):
    result: File


class Place(msgspec.Struct, frozen=True):
    id: Id
    type: str


class Made(msgspec.Struct, frozen=True):
    """A message as it now stands in a chat: only what names it."""

    message_id: Id
    date: Stamp
    chat: Place


class SendAnswer(msgspec.Struct, frozen=True):
    result: bool | Made | list[Made]


class Done(msgspec.Struct, frozen=True):
    result: bool


BOT = msgspec.json.Decoder(BotAnswer)
WEBHOOK = msgspec.json.Decoder(WebhookAnswer)
FILE = msgspec.json.Decoder(FileAnswer)
DONE = msgspec.json.Decoder(Done)
SENT = msgspec.json.Decoder(SendAnswer)
