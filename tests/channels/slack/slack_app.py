"""The plugin at work against its simulator, on a loop of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import slack
from connectors.channels.slack import Slack
from connectors.channels.slack.simulator import Simulator
from connectors.kit.base import Outbound, Tools
from connectors.kit.config import configured
from connectors.kit.fixtures import WireRequest, as_request
from connectors.kit.http import Exchange, Http
from connectors.kit.redact import secrets_of
from connectors.kit.request import Request
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address
from normalizer.payload import Payload

T = TypeVar("T")
FIXTURES = Path(slack.__file__).parent / "fixtures"
TOKEN = "xoxb-nobody-shall-see"
SECRET = "secret-nobody-shall-see"
SETTINGS = {"token": TOKEN, "signing_secret": SECRET}
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
URL = "https://hub.example.com/in/support"
MINA = Address(scheme="slack", value="U42")
CHANNEL = Address(scheme="slack", value="C42")


class Answering(Simulator):
    """A Web API that gives every request the same answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(SETTINGS)
        self.reply = reply

    async def answer(self, request: WireRequest) -> Reply:  # noqa: ARG002 - whatever is asked
        return self.reply


def plugin(settings: dict[str, Any] = SETTINGS, http: Http | None = None) -> Slack:
    return Slack(configured(Slack.Config, settings), Tools("support", http or Http("support"), lambda: NOW))


def during(
    provider: Simulator,
    act: Callable[[Slack], Awaitable[T]],
    log: Callable[[Exchange], None] = lambda _: None,
    **settings: Any,
) -> T:
    """What `act` gives with a plugin that talks to `provider`."""

    async def run() -> T:
        config = configured(Slack.Config, {**provider.settings(), **settings})
        trusted = Slack.trusted_origins(config)
        http = Http("support", trusted=trusted, log=log, secrets=secrets_of(config), longest=20.0)
        try:
            return await act(Slack(config, Tools("support", http, lambda: NOW)))
        finally:
            await http.close()

    return asyncio.run(run())


def request(wire: WireRequest, received_at: datetime = NOW) -> Request:
    return as_request(wire, URL, received_at)


def text(words: str = "hello", **more: Any) -> Outbound:
    return Outbound(**{"token": "t-0", "address": MINA, "payload": Payload(text=words), **more})
