"""A provider that exists only here, its plugin, and a hub with such a connector."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from connectors.kit.base import Fetched, Info, Outbound, Plugin, Polled, Sent, Settles, Tools
from connectors.kit.config import PluginConfig
from connectors.kit.http import Http
from connectors.kit.request import Request, decode
from gateway.arrival import Place
from gateway.hub import Hub
from gateway.live import LiveConnector
from gateway.receive import receive
from gateway.settings.loading import load
from gateway.settings.model import Connector, Settings
from gateway.store.times import now, to_us
from normalizer.capability import Capability, TextLimit
from normalizer.inbound import Address, Fragment, Inbound, Media, MessageReceived, Peer, Person, Unreadable
from normalizer.model import Inbox
from normalizer.parts import MediaKind
from tests.stores import url_of

NOON = datetime.fromisoformat("2026-11-01T12:00:00Z")


class Note(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    text: str = ""
    kind: str = "plain"
    file: str | None = None
    album: str | None = None


NOTES = msgspec.json.Decoder(list[Note])


class Config(PluginConfig):
    """A heron's settings."""

    polling: bool = False
    words: int = 1


class Heron(Plugin[Config]):
    """Reads a list of notes, of the kinds it knows."""

    info = Info(
        name="heron",
        channel="pond",
        scheme="heron",
        capability=Capability(text=TextLimit(most=100)),
        settles=Settles.NEVER,
    )
    Config = Config
    knows: Sequence[str] = ("plain",)

    def verify(self, request: Request) -> None: ...

    def parse(self, request: Request) -> Sequence[Inbound]:
        return [read(note, self.knows) for note in decode(request.body, NOTES)]

    async def send(self, outbound: Outbound) -> Sent:
        return Sent((outbound.token,))


class WiserHeron(Heron):
    """The same after a fix."""

    knows = ("plain", "song")


def read(note: Note, knows: Sequence[str]) -> Inbound:
    if note.kind not in knows:
        return Unreadable(key=f"note:{note.id}", slice=msgspec.json.encode([note]), reason=f"unknown kind {note.kind}")
    media = Media(source=note.file or "", kind=MediaKind.IMAGE, media_type="image/png", name="fish.png")
    return MessageReceived(
        key=f"note:{note.id}",
        external_id=note.id,
        peer=Peer(person=Person(address=Address(scheme="heron", value="grey"), name="Grey")),
        text=note.text,
        media=(media,) if note.file else (),
        occurred_at=NOON,
        fragment=Fragment(group=note.album, order=int(note.id)) if note.album else None,
    )


async def chunks_of(*pieces: bytes | Exception) -> AsyncIterator[bytes]:
    for piece in pieces:
        if isinstance(piece, Exception):
            raise piece
        yield piece


class FetchingHeron(Heron):
    """`files` says what a source brings, time after time; the last stays. `asked` is what was asked for."""

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self.files: dict[str, list[Fetched | Exception | Callable[[], Fetched]]] = {}
        self.asked: list[str] = []
        self.at_once = self.most_at_once = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self, source: str) -> Fetched:
        self.asked.append(source)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.gate.wait()
        finally:
            self.at_once -= 1
        script = self.files[source]
        brings = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(brings, Exception):
            raise brings
        return brings if isinstance(brings, Fetched) else brings()


class PollingHeron(Heron):
    """The cursor counts the notes seen. `failures` come first, one a poll; without news a poll waits for `came`."""

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self.notes: list[Note] = []
        self.failures: list[Exception] = []
        self.cursors: list[str | None] = []
        self.came = asyncio.Event()

    def polls(self) -> bool:
        return self.config.polling

    async def poll(self, cursor: str | None) -> Polled:
        self.cursors.append(cursor)
        if self.failures:
            raise self.failures.pop(0)
        seen = int(cursor or 0)
        while len(self.notes) <= seen:
            self.came.clear()
            await self.came.wait()
        news = self.notes[seen:]
        return Polled([read(note, self.knows) for note in news], str(len(self.notes)), msgspec.json.encode(news))

    def writes(self, *notes: Note) -> None:
        self.notes += notes
        self.came.set()


class ConfirmingHeron(Heron):
    """`brings` is what comes of confirming, by key; `confirmed` what was confirmed."""

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self.brings: dict[str, Exception] = {}
        self.confirmed: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    def awaits(self, _: Inbound) -> bool:
        return True

    async def confirm(self, inbound: Inbound) -> None:
        await self.gate.wait()
        if inbound.key in self.brings:
            raise self.brings[inbound.key]
        self.confirmed.append(inbound.key)


def settings_in(folder: Path, limits: str = "{}") -> Settings:
    path = folder / "onethread.yaml"
    path.write_text(f"store: {url_of(folder / 'hub.db')}\nfiles: ./files\nlimits: {limits}\n")
    return load(path, {})


def live(plugin: type[Heron], name: str = "pond", config: Config | None = None) -> LiveConnector:
    config, http = config or Config(), Http(name)
    return LiveConnector(
        Connector(name=name, plugin="heron", inbox="main", config=config),
        Place(connector_id=name, channel="pond", scheme="heron", inbox=Inbox(id="main")),
        plugin(config, Tools(connector=name, http=http)),
        http,
        f"https://hub.example.com/in/{name}",
    )


@asynccontextmanager
async def running(settings: Settings, *connectors: LiveConnector) -> AsyncIterator[Hub]:
    hub = Hub(settings)
    hub.connectors = {connector.id: connector for connector in connectors}
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


def request(*notes: Note) -> Request:
    return post(msgspec.json.encode(notes))


def post(body: bytes) -> Request:
    return Request("POST", "https://hub.example.com/in/pond", {"x-token": "seed"}, body, now())


async def deliver(hub: Hub, *notes: Note, to: str = "pond") -> int:
    """What the provider hears, as a status."""
    return (await receive(hub, hub.connectors[to], request(*notes))).status


def rows(hub: Hub, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    with hub.engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql, parameters)]


def texts(hub: Hub) -> list[str]:
    """Of all messages, in the order they were recorded."""
    return [msgspec.json.decode(body)["text"] for (body,) in rows(hub, "SELECT body FROM messages ORDER BY id")]


def events(hub: Hub, type_: str) -> list[dict[str, Any]]:
    found = rows(hub, "SELECT body FROM events WHERE type = ? ORDER BY position", type_)
    return [msgspec.json.decode(body) for (body,) in found]


async def change(hub: Hub, sql: str, *parameters: object) -> None:
    """A change by the hub's writer."""

    def apply(transaction: Any, items: Sequence[tuple[object, ...]]) -> list[None]:
        for item in items:
            transaction.change(sql, *item)
        return [None] * len(items)

    await hub.writer.write(apply, parameters)


async def eventually(true: Callable[[], Any], seconds: float = 10.0) -> Any:
    """What `true` gives once it is true."""
    ends = time.monotonic() + seconds
    while not (result := await asyncio.to_thread(true)):
        assert time.monotonic() < ends, "it never came to be"
        await asyncio.sleep(0.01)
    return result


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


def ago(**span: float) -> int:
    return to_us(now() - timedelta(**span))
