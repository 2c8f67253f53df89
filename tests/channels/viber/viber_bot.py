"""The plugin at work against its simulator, on a loop of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import viber
from connectors.channels.viber import Viber
from connectors.channels.viber.simulator import Simulator
from connectors.kit.base import Outbound, Tools
from connectors.kit.config import configured
from connectors.kit.http import Http
from connectors.kit.redact import secrets_of
from connectors.kit.testing.simulator import Reply, WireRequest
from normalizer.inbound import Address
from normalizer.payload import Payload

T = TypeVar("T")
FIXTURES = Path(viber.__file__).parent / "fixtures"
SETTINGS = {"token": "445da6az1s345z78-nobody-shall-see", "sender": "Acme"}
IRA = "01234567890A="
HELLO = Outbound(token="1.1", address=Address(scheme="viber", value=IRA), payload=Payload(text="Hello"))


class Answering(Simulator):
    """Gives every request the same answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(SETTINGS)
        self.reply = reply

    async def answer(self, request: WireRequest) -> Reply:  # noqa: ARG002 - whatever is asked
        return self.reply


def during(provider: Simulator, act: Callable[[Viber], Awaitable[T]], **settings: Any) -> T:
    """What `act` gives with a plugin that talks to `provider`."""

    async def run() -> T:
        config = configured(Viber.Config, {**provider.settings(), **settings})
        http = Http("support", trusted=Viber.trusted_origins(config), secrets=secrets_of(config), longest=20.0)
        try:
            return await act(Viber(config, Tools("support", http)))
        finally:
            await http.close()

    return asyncio.run(run())
