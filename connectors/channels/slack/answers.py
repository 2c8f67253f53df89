"""What we read of the answers to our own questions. Source: docs.slack.dev/reference/methods (read 2026-11)."""

import msgspec

from connectors.channels.slack.events import File, Id, Ts


class Ok(msgspec.Struct, frozen=True):
    ok: bool


class Posted(msgspec.Struct, frozen=True):
    """Where a message now stands."""

    channel: Id
    ts: Ts


class Account(msgspec.Struct, frozen=True):
    user_id: Id
    bot_id: Id | None = None
    user: str = ""
    team: str = ""
    team_id: str = ""
    url: str = ""


class Ticket(msgspec.Struct, frozen=True):
    """Where to upload a file, and what it is called from now on."""

    upload_url: str
    file_id: Id


class Share(msgspec.Struct, frozen=True):
    ts: Ts


class Shared(msgspec.Struct, frozen=True):
    id: Id
    shares: dict[str, dict[str, list[Share]]] = {}
    """By kind of channel and channel; usually not told, because files are shared a moment later."""


class Completed(msgspec.Struct, frozen=True):
    files: list[Shared] = []


class Info(msgspec.Struct, frozen=True):
    file: File


class Reacted(msgspec.Struct, frozen=True):
    name: str
    users: list[str] = []


class Reactions(msgspec.Struct, frozen=True):
    reactions: list[Reacted] = []


class ReactionsOf(msgspec.Struct, frozen=True):
    message: Reactions = Reactions()


class Conversation(msgspec.Struct, frozen=True):
    id: Id
    is_im: bool = False
    is_mpim: bool = False
    is_private: bool = False


class After(msgspec.Struct, frozen=True):
    next_cursor: str = ""


class Conversations(msgspec.Struct, frozen=True):
    channels: list[Conversation] = []
    response_metadata: After = After()


class History(msgspec.Struct, frozen=True):
    messages: list[msgspec.Raw] = []
    response_metadata: After = After()


CONVERSATIONS = msgspec.json.Decoder(Conversations)
HISTORY = msgspec.json.Decoder(History)
OK = msgspec.json.Decoder(Ok)
POSTED = msgspec.json.Decoder(Posted)
ACCOUNT = msgspec.json.Decoder(Account)
TICKET = msgspec.json.Decoder(Ticket)
COMPLETED = msgspec.json.Decoder(Completed)
INFO = msgspec.json.Decoder(Info)
REACTIONS = msgspec.json.Decoder(ReactionsOf)
