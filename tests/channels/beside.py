"""A plugin, or a whole hub with one connector, at work beside its provider's simulator."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from connectors.kit.base import Plugin, Tools
from connectors.kit.collects import Closes
from connectors.kit.config import configured
from connectors.kit.fixtures import WireRequest, as_request
from connectors.kit.http import Exchange, Http
from connectors.kit.redact import secrets_of
from connectors.kit.request import Request, Response
from connectors.kit.state import NOWHERE, State
from connectors.kit.testing.simulator import LoopbackSimulator, Reply
from gateway.hub import Hub
from gateway.ids import new_id
from gateway.receive import receive
from gateway.send.accept import accept
from gateway.send.asks import Accepted, Ask, Rejected
from gateway.send.seen import ReadOrder, read
from gateway.settings.loading import load
from gateway.store.times import now
from normalizer.commands import ReadConversation, Recipient, SendMessage
from normalizer.model import Author, AuthorKind
from tests.background.heronry import events, rows
from tests.stores import migrated

P = TypeVar("P", bound=Plugin[Any])
S = TypeVar("S", bound=LoopbackSimulator)
T = TypeVar("T")
HUB = "https://hub.example.com"
CONNECTOR = "support"
HOOK = f"{HUB}/in/{CONNECTOR}"
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
AGENT = Author(kind=AuthorKind.AGENT, ref="key", name="Ada")


def during(
    plugin: type[P],
    provider: LoopbackSimulator,
    act: Callable[[P], Awaitable[T]],
    *,
    settings: Mapping[str, Any] | None = None,
    log: Callable[[Exchange], None] = lambda _: None,
    clock: Callable[[], datetime] = lambda: NOW,
    state: State = NOWHERE,
) -> T:
    """What `act` gives with a plugin that talks to `provider` and keeps `state`, on a loop of its own."""

    async def run() -> T:
        config = configured(plugin.Config, {**provider.settings(), **(settings or {})})
        trusted = plugin.trusted_origins(config)
        http = Http(CONNECTOR, trusted=trusted, log=log, secrets=secrets_of(config), longest=20.0)
        made = plugin(config, Tools(CONNECTOR, http, clock, HOOK, state=state))
        try:
            return await act(made)
        finally:
            if isinstance(made, Closes):
                await made.close()
            await http.close()

    return asyncio.run(run())


def answering(simulator: type[S], settings: Mapping[str, Any], reply: Reply) -> S:
    """A provider that gives every request the same answer."""

    class Answering(simulator):
        async def answer(self, request: WireRequest) -> Reply:  # noqa: ARG002 - whatever is asked
            return reply

    return Answering(settings)


@dataclass(frozen=True)
class Beside:
    """A running hub whose one connector is called `support` and reached at HOOK."""

    hub: Hub

    async def heard(self, wire: WireRequest) -> int:
        """The status with which the hub answers the provider's request."""
        return (await self.answered(wire)).status

    async def answered(self, wire: WireRequest) -> Response:
        """What the provider hears."""
        return await self.received(as_request(wire, HOOK, now()))

    async def received(self, request: Request) -> Response:
        """The same of a request that was read already."""
        return await receive(self.hub, self.hub.connectors[CONNECTOR], replace(request, raw=new_id()))

    async def say(self, words: str, to: str | None = None, **command: Any) -> Accepted | Rejected:
        """An agent's message: to an address, or else in the one conversation there is."""
        if to is not None:
            command["to"] = Recipient(connector=CONNECTOR, address=to)
        elif "conversation_id" not in command:
            (command["conversation_id"],) = self.conversations()
        ask = Ask("principal", AGENT, SendMessage(text=words, **command), self.hub.connectors, None)
        return await self.hub.writer.write(accept, ask)

    async def read(self, conversation: str) -> None:
        """An agent reads a conversation, up to its newest message."""
        heard = [event["data"]["message"] for event in events(self.hub, "message.received")]
        newest = [one["id"] for one in heard if one["conversation_id"] == conversation][-1]
        order = ReadOrder(AGENT, ReadConversation(conversation_id=conversation, up_to=newest))
        await self.hub.writer.write(read, order)

    def conversations(self) -> list[str]:
        return [found for (found,) in rows(self.hub, "SELECT id FROM conversations ORDER BY number")]

    def statuses(self) -> list[str]:
        """Of every delivery, the oldest first."""
        return [status for (status,) in rows(self.hub, "SELECT status FROM deliveries ORDER BY id")]

    def consents(self) -> list[str]:
        """What was told of consent, the oldest first: `opted_in`, `opted_out`, …"""
        return [event["data"]["consent"]["state"] for event in events(self.hub, "consent.changed")]


@asynccontextmanager
async def running(
    folder: Path, plugin: str, provider: LoopbackSimulator, *, told: Mapping[str, Any] | None = None, **settings: Any
) -> AsyncIterator[Beside]:
    """A hub in `folder`; `settings` are the connector's besides the provider's, `told` the hub's own."""
    path, store = folder / "onethread.yaml", migrated(folder / "hub.db")
    connector = {"plugin": plugin, **provider.settings(), **settings}
    whole = {
        "public_url": HUB,
        "store": f"sqlite:///{store}",
        "files": "./files",
        "connectors": {CONNECTOR: connector},
        **(told or {}),
    }
    path.write_text(msgspec.json.encode(whole).decode())
    hub = Hub(load(path, {}))
    await hub.start()
    try:
        yield Beside(hub)
    finally:
        await hub.stop()


def kept(folder: Path) -> bytes:
    """Every octet in the store of a hub that ran in `folder`, to look for what must not be there."""
    return b"".join(path.read_bytes() for path in folder.glob("hub.db*"))
