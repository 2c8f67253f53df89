"""The plugin at work against its simulator, on a loop of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import twilio_sms
from connectors.channels.twilio_sms import TwilioSms
from connectors.channels.twilio_sms.simulator import Simulator
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
FIXTURES = Path(twilio_sms.__file__).parent / "fixtures"
ACCOUNT = "AC9d0c1f3e5a7b2d4f6a8c0e1b3d5f7a9c"
TOKEN = "token-nobody_shall_see-0000000001"
NUMBER = "+447700900111"
MINA = "+447700900222"
SETTINGS: dict[str, Any] = {"account_sid": ACCOUNT, "auth_token": TOKEN, "sender": NUMBER}
POOL: dict[str, Any] = {"account_sid": ACCOUNT, "auth_token": TOKEN, "messaging_service_sid": "MG5f0c"}
KEYED: dict[str, Any] = {**SETTINGS, "key_sid": "SK77", "key_secret": "key-nobody_shall_see-00000000002"}
HOOK = "https://hub.example.com/in/sms-uk"
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


class Answering(Simulator):
    """An API that gives every request the same answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(SETTINGS)
        self.reply = reply

    async def answer(self, request: WireRequest) -> Reply:  # noqa: ARG002 - whatever is asked
        return self.reply


def plugin(settings: dict[str, Any] | None = None, http: Http | None = None, webhook_url: str = HOOK) -> TwilioSms:
    config = configured(TwilioSms.Config, settings or SETTINGS)
    return TwilioSms(config, Tools("sms-uk", http or Http("sms-uk"), lambda: NOW, webhook_url))


def during(
    provider: Simulator,
    act: Callable[[TwilioSms], Awaitable[T]],
    log: Callable[[Exchange], None] = lambda _: None,
    now: Callable[[], datetime] = lambda: NOW,
    hook: str = HOOK,
    **settings: Any,
) -> T:
    """What `act` gives with a plugin that talks to `provider`."""

    async def run() -> T:
        config = configured(TwilioSms.Config, {**provider.settings(), **settings})
        trusted = TwilioSms.trusted_origins(config)
        http = Http("sms-uk", trusted=trusted, log=log, secrets=secrets_of(config), longest=20.0)
        try:
            return await act(TwilioSms(config, Tools("sms-uk", http, now, hook)))
        finally:
            await http.close()

    return asyncio.run(run())


def request(wire: WireRequest, url: str = HOOK) -> Request:
    return as_request(wire, url, NOW)


def to(value: str = MINA) -> Address:
    return Address(scheme="tel", value=value)


def text(words: str = "hello", **more: Any) -> Outbound:
    return Outbound(**{"token": "0199-aa51.1", "address": to(), "payload": Payload(text=words), **more})


def pictures(*files: File, words: str = "") -> Outbound:
    parts = tuple(
        MediaPart(attachment_id=file.attachment_id, kind=MediaKind.IMAGE, media_type=file.media_type) for file in files
    )
    payload = Payload(text=words, media=parts)
    return text(payload=payload, files={file.attachment_id: file for file in files})


def picture(name: str, media_type: str = "image/jpeg", size: int = 3, url: str | None = "https://x.example/f") -> File:
    return File(name, Path("/nowhere"), media_type, f"{name}.jpg", size, url)
