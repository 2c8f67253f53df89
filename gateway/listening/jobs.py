"""What the hub asks of its reading child, and what the child answers: JSON, each message after its length."""

from datetime import datetime
from typing import IO, Any

import msgspec

from normalizer.inbound import Inbound

WIDTH = 8
"""Octets of a length."""
READY = b"ready"
"""What a child says first, once it can be asked."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A request whose body lies in a file, and the plugin that reads it. Holds the connector's secrets."""

    plugin: str
    """`module:class`."""
    config: dict[str, Any]
    """As plain values."""
    connector: str
    webhook_url: str
    verify: bool
    method: str
    url: str
    headers: dict[str, str]
    received_at: datetime
    raw: str
    peer: str = ""
    path: str
    memory: int
    """Octets of address space it may take."""
    seconds: int
    """Of processor time it may take: whoever waits may have died."""


class Refusal(msgspec.Struct, frozen=True):
    detail: str
    missing: bool


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`items`; or why there are none: `refused` by `verify`, or `unreadable`, with the traceback of a `fault`."""

    items: tuple[Inbound, ...] = ()
    refused: Refusal | None = None
    unreadable: str | None = None
    fault: str | None = None


def write(pipe: IO[bytes], message: bytes) -> None:
    pipe.write(len(message).to_bytes(WIDTH) + message)
    pipe.flush()


def read(pipe: IO[bytes]) -> bytes | None:
    """The next message; None where the other side has ended."""
    width = pipe.read(WIDTH)
    if len(width) < WIDTH:
        return None
    length = int.from_bytes(width)
    message = pipe.read(length)
    return message if len(message) == length else None
