"""The plugin at work against its simulator, on a loop of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import line
from connectors.channels.line import Line
from connectors.channels.line.simulator import Simulator
from connectors.kit.base import File, Outbound, Tools
from connectors.kit.config import configured
from connectors.kit.fixtures import as_request
from connectors.kit.http import Exchange, Http
from connectors.kit.redact import secrets_of
from connectors.kit.request import Request
from connectors.kit.testing.simulator import Reply, WireRequest
from normalizer.inbound import Address
from normalizer.parts import MediaKind, MediaPart
from normalizer.payload import Payload

T = TypeVar("T")
FIXTURES = Path(line.__file__).parent / "fixtures"
SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
TOKEN = "token/nobody+shall=see0000000000000000000000000000001"
SETTINGS: dict[str, Any] = {"channel_secret": SECRET, "access_token": TOKEN}
PREVIEW = "https://cdn.example.com/play.png"
HOOK = "https://hub.example.com/in/support-line"
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
MINA = "U4af4980629b0f1e7c2d3a4b5c6d7e8f9"
GROUP = "Ca56f94637cc4347f90a25382909b24b9"


class Answering(Simulator):
    """An API that gives every request the same answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(SETTINGS)
        self.reply = reply

    async def answer(self, request: WireRequest) -> Reply:  # noqa: ARG002 - whatever is asked
        return self.reply


def plugin(settings: dict[str, Any] | None = None) -> Line:
    return Line(configured(Line.Config, settings or SETTINGS), Tools("support", Http("support"), lambda: NOW, HOOK))


def during(
    provider: Simulator,
    act: Callable[[Line], Awaitable[T]],
    log: Callable[[Exchange], None] = lambda _: None,
    **settings: Any,
) -> T:
    """What `act` gives with a plugin that talks to `provider`."""

    async def run() -> T:
        config = configured(Line.Config, {**provider.settings(), **settings})
        trusted = Line.trusted_origins(config)
        http = Http("support", trusted=trusted, log=log, secrets=secrets_of(config), longest=20.0)
        try:
            return await act(Line(config, Tools("support", http, lambda: NOW, HOOK)))
        finally:
            await http.close()

    return asyncio.run(run())


def request(wire: WireRequest) -> Request:
    return as_request(wire, HOOK, NOW)


def to(value: str = MINA) -> Address:
    return Address(scheme="line", value=value)


def text(words: str = "hello", **more: Any) -> Outbound:
    return Outbound(**{"token": "0199-aa51.1", "address": to(), "payload": Payload(text=words), **more})


def file(media_type: str = "image/jpeg", size: int = 3, url: str | None = "https://x.example/f") -> File:
    return File("a1", Path("/nowhere"), media_type, "a1.bin", size, url)


def holding(held: File, kind: MediaKind = MediaKind.IMAGE, **more: Any) -> Outbound:
    part = MediaPart(attachment_id=held.attachment_id, kind=kind, media_type=held.media_type, **more)
    return text(payload=Payload(media=(part,)), files={held.attachment_id: held})
