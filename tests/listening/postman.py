"""A mail plugin that exists only here: reads a few headers, and does as they say."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from pathlib import Path

from connectors.kit.base import Fetched, Info, Outbound, Plugin, Sent, Settles
from connectors.kit.config import PluginConfig
from connectors.kit.errors import BadPayload, BadSignature
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from normalizer.capability import Capability, TextLimit
from normalizer.inbound import Address, Inbound, Media, MessageReceived, Peer, Person, Unreadable
from normalizer.parts import MediaKind

BLANK = b"\r\n\r\n"
MOST_TEXT = 1_000


class Config(PluginConfig, frozen=True, kw_only=True):
    """A postman's settings."""

    addresses: tuple[str, ...]
    secret: Secret = Secret("hush-hush")


class Postman(Plugin[Config]):
    info = Info(
        name="postman",
        channel="mail",
        scheme="mailto",
        capability=Capability(text=TextLimit(most=100)),
        settles=Settles.NEVER,
    )
    Config = Config

    def takes(self, recipient: str) -> bool:
        if recipient.startswith("broken@"):
            raise ValueError("a fault of the plugin's")
        return recipient in self.config.addresses

    def verify(self, request: Request) -> None:
        if asked(request, "forged") in (self.tools.connector, "all"):
            raise BadSignature("forged")
        if asked(request, "only-from") not in ("", request.peer):
            raise BadSignature("delivered by somebody else")

    def parse(self, request: Request) -> Sequence[Inbound]:
        self._obey(request)
        text = request.body.partition(BLANK)[2]
        key = asked(request, "message-id") or sha256(request.body).hexdigest()
        if asked(request, "odd"):
            return [Unreadable(key=key, slice=request.body, reason="odd")]
        media = Media(source=request.raw, kind=MediaKind.FILE, media_type="text/plain", name="whole.txt")
        return [
            MessageReceived(
                key=key,
                external_id=key,
                peer=Peer(
                    person=Person(address=Address(scheme="mailto", value=request.headers["mail-from"] or "nobody@"))
                ),
                text=text[:MOST_TEXT].decode("utf-8", "replace").strip(),
                media=(media,) if asked(request, "file") else (),
                occurred_at=request.received_at,
            )
        ]

    async def send(self, outbound: Outbound) -> Sent:
        return Sent((outbound.token,))

    async def fetch(self, source: str) -> Fetched:
        found = await asyncio.to_thread(self.tools.raw, source)
        octets = found if isinstance(found, bytes) else await asyncio.to_thread(found.read_bytes)
        return Fetched(chunks_of(octets), "text/plain")

    def _obey(self, request: Request) -> None:
        """What a bad day of a plugin looks like."""
        if seconds := asked(request, "slow"):
            time.sleep(float(seconds))
        while asked(request, "spin"):
            pass
        if asked(request, "greedy"):
            bytearray(8 << 30)
        if asked(request, "bad"):
            raise BadPayload("bad")
        if asked(request, "faulty"):
            raise ZeroDivisionError
        if asked(request, "talkative"):
            print("a plugin that talks")  # noqa: T201
        if name := asked(request, "dies-once"):
            mark = Path(name)
            if not mark.exists():
                mark.touch()
                os._exit(9)
        if asked(request, "dies"):
            os._exit(9)


async def chunks_of(octets: bytes) -> AsyncIterator[bytes]:
    yield octets


def asked(request: Request, name: str) -> str:
    """The value of a header of the message, or nothing."""
    head = request.body.partition(BLANK)[0][:4_000].decode("utf-8", "replace")
    for line in head.split("\r\n"):
        field, _, value = line.partition(":")
        if field.strip().lower() == name:
            return value.strip()
    return ""
