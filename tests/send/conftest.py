"""A lane at work with a plugin that follows a script: what the provider answers, one line per send."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from connectors.kit.base import Info, Outbound, OutboundEdit, OutboundReaction, Plugin, Sent, Settles, Tools
from connectors.kit.config import PluginConfig
from connectors.kit.http import Http
from gateway.deliver import deliver
from gateway.files import Files
from gateway.live import LiveConnector
from gateway.send.accept import accept
from gateway.send.asks import Accepted, Ask, Order, Rejected
from gateway.send.orders import order
from gateway.send.work import Lane
from gateway.settings.model import Connector, Limits
from gateway.store.writer import Writer
from normalizer.capability import Capability, TextLimit
from normalizer.commands import SendMessage
from normalizer.model import Author, AuthorKind
from tests.record.conftest import Store, said

AGENT = Author(kind=AuthorKind.AGENT, ref="key", name="Ada")


class Scripted(Plugin[PluginConfig]):
    """Answers as told; accepts when nothing is left of the script. Keeps what it was given."""

    info: ClassVar[Info] = Info(
        name="scripted",
        channel="pigeon",
        scheme="pigeon",
        capability=Capability(
            text=TextLimit(most=20), replies=True, edits=True, reactions=frozenset("👍"), initiates=False
        ),
        settles=Settles.NEVER,
    )
    Config = PluginConfig

    def __init__(self, tools: Tools) -> None:
        super().__init__(PluginConfig(), tools)
        self.script: list[Exception | Sent | asyncio.Event] = []
        self.sent: list[Outbound] = []
        self.reacted: list[OutboundReaction] = []
        self.edited: list[OutboundEdit] = []

    def verify(self, _: Any) -> None: ...

    def parse(self, _: Any) -> list[Any]:
        return []

    async def send(self, outbound: Outbound) -> Sent:
        self.sent.append(outbound)
        line = self.script.pop(0) if self.script else Sent((f"out:{len(self.sent)}",))
        if isinstance(line, asyncio.Event):
            await line.wait()
            line = Sent((f"out:{len(self.sent)}",))
        if isinstance(line, Exception):
            raise line
        return line

    async def edit(self, outbound: OutboundEdit) -> Sent:
        self.edited.append(outbound)
        return Sent((outbound.external_id,))

    async def react(self, outbound: OutboundReaction) -> Sent:
        self.reacted.append(outbound)
        return Sent((outbound.external_id,))


class Desk(Store):
    """A store with one connector, whose customer 7 has written already."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.files = Files(folder / "files")
        self.plugin = Scripted(Tools(connector="support", http=Http("support")))
        self.connector = LiveConnector(
            Connector(name="support", plugin="scripted", inbox="main", config=PluginConfig()),
            self.place,
            self.plugin,
            self.plugin.tools.http,
            "https://hub.example.com/in/support",
        )
        self.connectors = {"support": self.connector}
        self.record(said("hello"))
        [(self.conversation_id,)] = self.rows("SELECT id FROM conversations")

    def ask(self, command: SendMessage, key: str | None = None) -> Accepted | Rejected:
        ask = Ask("principal", AGENT, command, self.connectors, key)
        return self.writer.submit(accept, ask).result(10)

    def order(self, command: Any) -> Accepted | Rejected:
        return self.writer.submit(order, Order("principal", AGENT, command, self.connectors)).result(10)

    def say(self, text: str, **more: Any) -> Accepted:
        accepted = self.ask(SendMessage(conversation_id=self.conversation_id, text=text, **more))
        assert isinstance(accepted, Accepted), accepted
        return accepted

    def lane(
        self,
        *,
        owner: str = "one",
        lease: float = 5.0,
        attempts: int = 3,
        concurrency: int = 8,
        writer: Writer | None = None,
        choice_wait: float = 86_400.0,
    ) -> Lane:
        return Lane(
            self.connector,
            writer or self.writer,
            self.files,
            lambda id_: f"https://hub.example.com/v1/attachments/{id_}",
            owner=owner,
            limits=Limits(lease=lease, concurrency=concurrency, attempts=attempts, choice_wait=choice_wait),
            carry_out=deliver,
        )

    def deliveries(self) -> list[tuple[str, int]]:
        return [
            (status, attempt) for status, attempt in self.rows("SELECT status, attempt FROM deliveries ORDER BY id")
        ]

    async def until(self, **statuses: int) -> None:
        """Waits until so many deliveries have each status."""
        async with asyncio.timeout(10):
            while True:
                found = dict(self.rows("SELECT status, count(*) FROM deliveries GROUP BY status"))
                if all(found.get(status, 0) == count for status, count in statuses.items()):
                    return
                await asyncio.sleep(0.01)

    async def until_sent(self) -> None:
        """Waits until the provider was asked for the first time, which is after the store says `sending`."""
        async with asyncio.timeout(10):
            while not self.plugin.sent:  # noqa: ASYNC110 - the plugin of a test tells nobody
                await asyncio.sleep(0.01)

    async def until_event(self, type_: str) -> None:
        async with asyncio.timeout(10):
            while type_ not in self.types():  # noqa: ASYNC110 - looked up in the store, as a reader would
                await asyncio.sleep(0.01)

    def updates(self) -> list[dict[str, Any]]:
        bodies = self.rows("SELECT body FROM events WHERE type = 'delivery.updated' ORDER BY position")
        return [msgspec.json.decode(body)["data"]["delivery"] for (body,) in bodies]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def run(desk: Desk, *, choice_wait: float = 86_400.0, **statuses: int) -> None:
    """Lets a lane work until the deliveries stand so."""

    async def work() -> None:
        lane = desk.lane(choice_wait=choice_wait)
        lane.start()
        await desk.until(**statuses)
        await lane.stop()

    asyncio.run(work())
