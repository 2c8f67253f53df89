"""A provider that exists only here, its plugin, and hubs with such connectors: under the hub's own server, or without.

What it says is JSON, signed with HMAC-SHA256 over method, public URL and body, so a door that gets any of them wrong is
noticed.
"""

import asyncio
import hmac
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import requests

from connectors.kit.base import Info, Outbound, OutboundEdit, OutboundReaction, Outcome, Plugin, Sent, Settles, Tools
from connectors.kit.config import PluginConfig
from connectors.kit.errors import BadSignature
from connectors.kit.http import Http
from connectors.kit.request import Request, Response, decode
from connectors.kit.secret import Secret
from gateway.arrival import Place
from gateway.hub import Hub
from gateway.keys import Scope, create_key
from gateway.live import LiveConnector
from gateway.roles import ALL, Role
from gateway.settings.loading import load
from gateway.settings.model import Connector
from gateway.web.server import make_server
from normalizer.capability import Capability, TextLimit
from normalizer.inbound import Address, Inbound, MessageReceived, Peer, Person, Unreadable
from normalizer.model import ConversationKind, Inbox
from normalizer.parts import SpanKind
from tests.stores import url_of

PUBLIC = "https://hub.example.com"
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
SIGNATURE = "x-parrot-signature"
SECRET = "polly wants a cracker"


class Word(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    text: str
    sender: str = "ann"
    group: bool = False


class Config(PluginConfig, frozen=True, kw_only=True):
    """A parrot's settings."""

    secret: Secret
    has_paths: bool = False


class Parrot(Plugin[Config]):
    """Hears words, and repeats what it is told to; `told` is what left."""

    info: ClassVar[Info] = Info(
        name="parrot",
        channel="cage",
        scheme="parrot",
        capability=Capability(
            text=TextLimit(most=40),
            spans=frozenset(SpanKind),
            edits=True,
            replies=True,
            typing=True,
            reactions=frozenset({"👍", "❤"}),
        ),
        settles=Settles.NEVER,
    )
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self.told: list[Outbound | OutboundReaction] = []
        self.typed: list[tuple[Address, str | None]] = []
        self.requests: list[Request] = []

    @classmethod
    def described(cls, config: PluginConfig) -> Info:
        assert isinstance(config, Config)
        return replace(cls.info, has_paths=config.has_paths)

    def verify(self, request: Request) -> None:
        presented = request.headers.get(SIGNATURE)
        if presented is None:
            raise BadSignature("no signature", missing=True)
        if not hmac.compare_digest(presented, signature(request.method, request.url, request.body)):
            raise BadSignature("not its signature")

    def parse(self, request: Request) -> Sequence[Inbound]:
        self.requests.append(request)
        return [_heard(word, request) for word in decode(request.body, WORDS)]

    def respond(self, request: Request, outcome: Outcome) -> Response:
        if request.method == "GET":
            return Response(200, b"squawk", {"content-type": "text/plain", "x-parrot": "yes"})
        return super().respond(request, outcome)

    async def send(self, outbound: Outbound) -> Sent:
        self.told.append(outbound)
        return Sent((f"said:{outbound.token}",))

    async def edit(self, outbound: OutboundEdit) -> Sent:
        self.told.append(outbound)
        return Sent((outbound.external_id,))

    async def react(self, outbound: OutboundReaction) -> Sent:
        self.told.append(outbound)
        return Sent((outbound.external_id,))

    async def typing(self, address: Address, thread: str | None) -> None:
        self.typed.append((address, thread))


WORDS = msgspec.json.Decoder(list[Word])


def _heard(word: Word, request: Request) -> Inbound:
    if word.text == "gibberish":
        return Unreadable(key=f"word:{word.id}", slice=request.body, reason="gibberish")
    return MessageReceived(
        key=f"word:{word.id}",
        external_id=word.id,
        peer=Peer(
            person=Person(address=Address(scheme="parrot", value=word.sender), name=word.sender.title()),
            kind=ConversationKind.GROUP if word.group else ConversationKind.PERSONAL,
        ),
        text=word.text,
        occurred_at=NOON,
    )


def signature(method: str, url: str, body: bytes) -> str:
    return hmac.new(SECRET.encode(), f"{method} {url}\n".encode() + body, sha256).hexdigest()


def words(*said: str, first: int = 1, sender: str = "ann") -> bytes:
    """A body with one message per text, with ids from `first` on."""
    numbered = enumerate(said, first)
    return msgspec.json.encode([Word(id=f"{sender}-{n}", text=text, sender=sender) for n, text in numbered])


def signed(body: bytes, path: str = "/in/perch", method: str = "POST") -> dict[str, str]:
    """The headers of a genuine request."""
    return {SIGNATURE: signature(method, PUBLIC + path, body), "content-type": "application/json"}


def make_hub(
    folder: Path, *names: str, limits: str = "{}", roles: frozenset[Role] = ALL, has_paths: bool = False
) -> Hub:
    """A hub with a parrot on each perch, not yet started. Several may be made in one folder."""
    url = url_of(folder / "hub.db")
    path = folder / "onethread.yaml"
    path.write_text(f"public_url: {PUBLIC}\nstore: {url}\nfiles: ./files\nlimits: {limits}\n")
    hub = Hub(load(path, {}), roles)
    hub.connectors = {name: _perch(name, has_paths=has_paths) for name in names or ("perch",)}
    return hub


def _perch(name: str, *, has_paths: bool) -> LiveConnector:
    http, config = Http(name), Config(secret=Secret(SECRET), has_paths=has_paths)
    return LiveConnector(
        Connector(name=name, plugin="parrot", inbox="main", config=config),
        Place(connector_id=name, channel="cage", scheme="parrot", inbox=Inbox(id="main")),
        Parrot(config, Tools(connector=name, http=http)),
        http,
        f"{PUBLIC}/in/{name}",
    )


def parrot(hub: Hub, name: str = "perch") -> Parrot:
    plugin = hub.connectors[name].plugin
    assert isinstance(plugin, Parrot)
    return plugin


def bearer(hub: Hub, *scopes: Scope) -> dict[str, str]:
    """The header of a new key; of every scope unless told otherwise."""
    key, _ = create_key(hub.engine, "tests", scopes or (Scope.ADMIN,))
    return {"Authorization": f"Bearer {key}"}


@contextmanager
def running(hub: Hub) -> Iterator[Hub]:
    """The hub at work in a loop of its own, without a server."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="hub", daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(hub.start(), loop).result(10)
    try:
        yield hub
    finally:
        asyncio.run_coroutine_threadsafe(hub.stop(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class Served:
    """A hub under its own server."""

    def __init__(self, hub: Hub, port: int, end: Callable[[], None], running: Callable[[], bool]) -> None:
        self.hub = hub
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.key = bearer(hub)
        self.end = end
        """Asks the server to stop."""
        self.running = running

    def hear(self, body: bytes, path: str = "/in/perch", **more: Any) -> requests.Response:
        """Posts what the provider says, signed."""
        headers = signed(body, path) | more.pop("headers", {})
        return requests.post(self.url + path, body, headers=headers, timeout=20, **more)

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> requests.Response:
        """Asks the API, with a key for everything unless other headers are given."""
        return requests.request(method, self.url + path, headers=self.key | (headers or {}), timeout=20, **more)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)


@contextmanager
def serving(hub: Hub, heartbeat: float = 15.0) -> Iterator[Served]:
    """The hub under its own server, on a port of its own, in a thread."""
    server = make_server(hub, heartbeat=heartbeat)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],), name="server", daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            thread.join(0.01)
        end = partial(setattr, server, "should_exit", True)
        yield Served(hub, listener.getsockname()[1], end, thread.is_alive)
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive(), "the server did not stop"
