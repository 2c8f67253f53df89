"""A hub with this connector, and Viber beside it: a customer writes, is answered, reads, and leaves."""

import asyncio
from contextlib import asynccontextmanager

import msgspec
import pytest
from viber_bot import IRA, SETTINGS

from connectors.channels.viber.simulator import Simulator
from connectors.kit.fixtures import as_request
from gateway.hub import Hub
from gateway.receive import receive
from gateway.send.accept import accept
from gateway.send.asks import Accepted, Ask, Rejected
from gateway.settings.loading import load
from gateway.store.times import now
from normalizer.commands import SendMessage
from normalizer.model import Author, AuthorKind
from tests.background.heronry import events, eventually, rows, texts

URL = "https://hub.example.com"
AGENT = Author(kind=AuthorKind.AGENT, ref="key", name="Ada")


@pytest.fixture
def provider():
    with Simulator(SETTINGS, f"{URL}/in/support") as simulator:
        yield simulator


@asynccontextmanager
async def running(folder, provider):
    path = folder / "onethread.yaml"
    connectors = {"support": {"plugin": "viber", **provider.settings()}}
    told = {"public_url": URL, "store": "sqlite:///hub.db", "files": "./files", "connectors": connectors}
    path.write_text(msgspec.json.encode(told).decode())
    hub = Hub(load(path, {}))
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


async def heard(hub, provider, payload):
    """What Viber hears when it posts this."""
    request = as_request(provider.genuine(payload), f"{URL}/in/support", now())
    return (await receive(hub, hub.connectors["support"], request)).status


async def answer(hub, words):
    ((conversation,),) = rows(hub, "SELECT id FROM conversations")
    command = SendMessage(conversation_id=conversation, text=words)
    return await hub.writer.write(accept, Ask("principal", AGENT, command, hub.connectors, None))


def statuses(hub):
    return [status for (status,) in rows(hub, "SELECT status FROM deliveries ORDER BY id")]


def test_a_conversation_on_viber(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            said = provider.message("Where is my order?", IRA)
            assert [await heard(hub, provider, said) for _ in range(2)] == [200, 200]
            assert isinstance(await answer(hub, "It left."), Accepted)
            await eventually(lambda: statuses(hub) == ["accepted"])
            ((token, sent),) = provider.sent.items()
            assert (sent["receiver"], sent["text"], sent["sender"]) == (IRA, "It left.", {"name": "Acme"})
            for event in ("seen", "delivered", "seen"):
                assert await heard(hub, provider, provider.report(token, event)) == 200
            await eventually(lambda: statuses(hub) == ["read"])
            assert texts(hub) == ["Where is my order?", "It left."]

    asyncio.run(test())


def test_receipts_of_what_the_customer_wrote_change_nothing(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            said = provider.message("Hello", IRA)
            await heard(hub, provider, said)
            token = str(msgspec.json.decode(said)["message_token"])
            provider.sent[token] = {"receiver": IRA}
            before = hub.feed.newest()
            assert await heard(hub, provider, provider.report(token, "delivered")) == 200
            assert hub.feed.newest() == before
            assert rows(hub, "SELECT count(*) FROM waiting_reports") == [(0,)]

    asyncio.run(test())


def test_who_unsubscribes_is_left_alone_until_they_write_again(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await heard(hub, provider, provider.message("Hello", IRA))
            await heard(hub, provider, provider.unsubscribed(IRA))
            assert isinstance(await answer(hub, "one more thing"), Rejected)
            assert [event["data"]["consent"]["state"] for event in events(hub, "consent.changed")] == ["opted_out"]

    asyncio.run(test())


def test_a_picture_is_fetched(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await heard(hub, provider, provider.picture(b"octets of a picture", IRA))
            await eventually(lambda: rows(hub, "SELECT state, size FROM attachments") == [("stored", 19)])

    asyncio.run(test())
