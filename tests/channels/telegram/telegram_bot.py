"""The plugin at work against its simulator, on a loop of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import telegram
from connectors.channels.telegram import Telegram
from connectors.channels.telegram.simulator import Simulator
from connectors.kit.base import Outbound, Tools
from connectors.kit.config import configured
from connectors.kit.http import Exchange, Http
from connectors.kit.redact import secrets_of
from connectors.kit.testing.simulator import Reply, WireRequest
from normalizer.inbound import Address
from normalizer.payload import Payload

T = TypeVar("T")
FIXTURES = Path(telegram.__file__).parent / "fixtures"
TOKEN = "110201543:TOKEN-nobody_shall_see-000000000000"
SETTINGS = {"token": TOKEN, "secret_token": "secret-nobody-shall-see"}
POLLING = {"token": TOKEN, "mode": "polling", "poll_seconds": 5}
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
MINA = Address(scheme="telegram", value="5012345678")


class Answering(Simulator):
    """A Bot API that gives every request the same answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(SETTINGS)
        self.reply = reply

    async def answer(self, request: WireRequest) -> Reply:  # noqa: ARG002 - whatever is asked
        return self.reply


def plugin(settings: dict[str, Any], http: Http | None = None) -> Telegram:
    return Telegram(configured(Telegram.Config, settings), Tools("support", http or Http("support"), lambda: NOW))


def during(
    provider: Simulator,
    act: Callable[[Telegram], Awaitable[T]],
    log: Callable[[Exchange], None] = lambda _: None,
    **settings: Any,
) -> T:
    """What `act` gives with a plugin that talks to `provider`."""

    async def run() -> T:
        config = configured(Telegram.Config, {**provider.settings(), **settings})
        trusted = Telegram.trusted_origins(config)
        http = Http("support", trusted=trusted, log=log, secrets=secrets_of(config), longest=20.0)
        try:
            return await act(Telegram(config, Tools("support", http, lambda: NOW)))
        finally:
            await http.close()

    return asyncio.run(run())


def text(words: str = "hello", **more: Any) -> Outbound:
    return Outbound(token="t-0", address=MINA, payload=Payload(text=words), **more)
