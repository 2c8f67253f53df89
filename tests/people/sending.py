"""The world with its channels at work: what is asked to be sent leaves, and is looked at there."""

import asyncio
from pathlib import Path
from typing import Any

from connectors.kit.base import Info, Outbound, Plugin, Sent, Settles, Tools
from connectors.kit.config import PluginConfig
from connectors.kit.http import Http
from gateway.arrival import Place
from gateway.deliver import deliver
from gateway.files import Files
from gateway.live import LiveConnector
from gateway.people.linking import LinkAsk, request
from gateway.people.verifying import Confirmation, confirm, expire
from gateway.send.accept import accept
from gateway.send.asks import Accepted, Ask, Rejected
from gateway.send.work import Lane
from gateway.settings.model import Connector, Limits
from normalizer.capability import Capability, TextLimit
from normalizer.commands import RequestVerification, SendMessage
from normalizer.model import Author, AuthorKind
from normalizer.proving import Link
from tests.people.conftest import World


def plugin_of(place: Place, initiates: bool) -> Plugin[Any]:
    """A channel that takes everything and keeps it in `sent`."""

    class Channel(Plugin[PluginConfig]):
        info = Info(
            name=place.channel,
            channel=place.channel,
            scheme=place.scheme,
            capability=Capability(text=TextLimit(most=1000), initiates=initiates),
            settles=Settles.NEVER,
        )
        Config = PluginConfig

        def verify(self, _: Any) -> None: ...

        def parse(self, _: Any) -> list[Any]:
            return []

        async def send(self, outbound: Outbound) -> Sent:
            sent.append(outbound)
            return Sent((f"{place.connector_id}:out:{len(sent)}",))

    sent: list[Outbound] = []
    plugin = Channel(PluginConfig(), Tools(connector=place.connector_id, http=Http(place.connector_id)))
    plugin.sent = sent  # type: ignore[attr-defined]
    return plugin


class Sending(World):
    def __init__(self, folder: Path, **inbox: Any) -> None:
        super().__init__(folder, **inbox)
        self.files = Files(folder / "files")
        places = {self.app: False, self.mailbox: True, self.phone: True}
        self.connectors = {place.connector_id: self._live(place, initiates) for place, initiates in places.items()}

    def _live(self, place: Place, initiates: bool) -> LiveConnector:
        plugin = plugin_of(place, initiates)
        settings = Connector(name=place.connector_id, plugin=place.channel, inbox="main", config=PluginConfig())
        url = f"https://hub.example.com/in/{place.connector_id}"
        return LiveConnector(settings, place, plugin, plugin.tools.http, url)

    def sent(self, connector: str) -> list[Outbound]:
        return getattr(self.connectors[connector].plugin, "sent")  # noqa: B009 - of the plugins above only

    def say(self, **command: Any) -> Accepted | Rejected:
        author = Author(kind=AuthorKind.AGENT, name="Ada")
        return self.writer.submit(accept, Ask("key", author, SendMessage(**command), self.connectors)).result(10)

    def ask(self, contact_id: str, address: str, key: str | None = None, **more: Any) -> Link | Rejected:
        """Asks for a code; by e-mail unless another connector is named."""
        wanted = {"connector": "mail"} if not {"connector", "channel"} & set(more) else {}
        command = RequestVerification(contact_id=contact_id, address=address, **wanted, **more)
        return self.writer.submit(request, LinkAsk("key", command, self.connectors, key)).result(10)

    def asked(self, contact_id: str, address: str, **more: Any) -> Link:
        link = self.ask(contact_id, address, **more)
        assert isinstance(link, Link), link
        return link

    def confirm(self, contact_id: str, link_id: str, code: str) -> Link | Rejected:
        return self.writer.submit(confirm, Confirmation(contact_id, link_id, code)).result(10)

    def expire(self, link_id: str) -> None:
        self.writer.submit(expire, link_id).result(10)

    def deliver(self, connector: str) -> list[Outbound]:
        """Lets a lane send all that is due; everything it ever sent."""

        async def work() -> None:
            lane = Lane(
                self.connectors[connector],
                self.writer,
                self.files,
                lambda id_: f"https://hub.example.com/v1/attachments/{id_}",
                owner="one",
                limits=Limits(lease=5.0, concurrency=8, attempts=3),
                carry_out=deliver,
            )
            lane.start()
            sql = "SELECT count(*) FROM deliveries WHERE connector_id = ? AND status IN ('queued', 'sending')"
            async with asyncio.timeout(10):
                while self.rows(sql, connector) != [(0,)]:  # noqa: ASYNC110 - looked up in the store, as a reader would
                    await asyncio.sleep(0.01)
            await lane.stop()

        asyncio.run(work())
        return self.sent(connector)
