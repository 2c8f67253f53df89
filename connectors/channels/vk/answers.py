"""What we read of VK's answers. Source: vk-api-schema on GitHub (5.199, read 2026-11)."""

from typing import Annotated

import msgspec


class Fault(msgspec.Struct, frozen=True):
    code: int = 0
    description: str = ""


class Sent(msgspec.Struct, frozen=True):
    """To one of those a message was for."""

    peer_id: int
    conversation_message_id: int = 0
    message_id: int = 0
    error: Fault | None = None


class Commented(msgspec.Struct, frozen=True):
    comment_id: Annotated[int, msgspec.Meta(ge=1)]


class Place(msgspec.Struct, frozen=True):
    """Where a file may be put."""

    upload_url: Annotated[str, msgspec.Meta(min_length=1)]


class Saved(msgspec.Struct, frozen=True):
    id: int
    owner_id: int
    access_key: str = ""


class Document(msgspec.Struct, frozen=True):
    doc: Saved | None = None
    audio_message: Saved | None = None


class Community(msgspec.Struct, frozen=True):
    id: int
    name: str = ""
    screen_name: str = ""


class Communities(msgspec.Struct, frozen=True):
    groups: list[Community] = []


class Server(msgspec.Struct, frozen=True):
    id: int
    url: str = ""
    status: str = ""


class Servers(msgspec.Struct, frozen=True):
    items: list[Server] = []


class Peer(msgspec.Struct, frozen=True):
    id: int


class Conversation(msgspec.Struct, frozen=True):
    peer: Peer


class Last(msgspec.Struct, frozen=True):
    date: int = 0


class Listed(msgspec.Struct, frozen=True):
    conversation: Conversation
    last_message: Last = Last()


class Conversations(msgspec.Struct, frozen=True):
    """The one last written in first."""

    items: list[Listed] = []


class History(msgspec.Struct, frozen=True):
    """The newest first."""

    items: list[msgspec.Raw] = []


class Code(msgspec.Struct, frozen=True):
    code: str


class Added(msgspec.Struct, frozen=True):
    server_id: int


class Photo(msgspec.Struct, frozen=True):
    """What the place for photos answers: to be passed on as it is."""

    server: int | str
    photo: str
    hash: str


class File(msgspec.Struct, frozen=True):
    file: str


SENT = msgspec.json.Decoder(Annotated[list[Sent], msgspec.Meta(min_length=1)])
COMMENTED = msgspec.json.Decoder(Commented)
PLACE = msgspec.json.Decoder(Place)
PHOTOS = msgspec.json.Decoder(Annotated[list[Saved], msgspec.Meta(min_length=1)])
DOCUMENT = msgspec.json.Decoder(Document)
COMMUNITIES = msgspec.json.Decoder(Communities)
SERVERS = msgspec.json.Decoder(Servers)
CONVERSATIONS = msgspec.json.Decoder(Conversations)
HISTORY = msgspec.json.Decoder(History)
CODE = msgspec.json.Decoder(Code)
ADDED = msgspec.json.Decoder(Added)
PHOTO = msgspec.json.Decoder(Photo)
FILE = msgspec.json.Decoder(File)
NOTHING = msgspec.json.Decoder(msgspec.Raw)
