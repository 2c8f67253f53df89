"""A hub with declared connectors, and their providers beside it: in, history, out, and what is reported."""

import asyncio
from contextlib import asynccontextmanager

import msgspec
import pytest

from connectors.channels.infobip.simulator import Simulator
from connectors.kit.fixtures import as_request
from connectors.kit.testing.simulator import Failure
from gateway.hub import Hub
from gateway.receive import receive
from gateway.send.accept import accept
from gateway.send.asks import Accepted, Ask, Rejected
from gateway.settings.loading import load
from gateway.store.times import now
from normalizer.commands import Recipient, SendMessage
from normalizer.model import Author, AuthorKind
from tests.background.heronry import events, eventually, rows, texts

URL = "https://hub.example.com/in/sms-ib"
SECRET = "word-nobody_shall_see-000000001"
SETTINGS = {
    "api_base": "https://xyz1ab.api.infobip.com",
    "api_key": "key-nobody_shall_see-0000000001",
    "sender": "447700900111",
    "webhook_secret": SECRET,
}
AGENT = Author(kind=AuthorKind.AGENT, ref="key", name="Ada")


@pytest.fixture
def provider():
    with Simulator(SETTINGS, URL) as simulator:
        yield simulator


@asynccontextmanager
async def running(folder, provider):
    path = folder / "onethread.yaml"
    told = {
        "public_url": "https://hub.example.com",
        "store": "sqlite:///hub.db",
        "files": "./files",
        "connectors": {"sms-ib": {"plugin": "infobip", **provider.settings()}},
    }
    path.write_text(msgspec.json.encode(told).decode())
    hub = Hub(load(path, {}))
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


async def heard(hub, wire):
    """What the provider hears when it calls with this."""
    answer = await receive(hub, hub.connectors["sms-ib"], as_request(wire, URL, now()))
    return answer.status


async def say(hub, words, **command):
    if "conversation_id" not in command:
        command["to"] = Recipient(connector="sms-ib", address="+447700900222")
    ask = Ask("principal", AGENT, SendMessage(text=words, **command), hub.connectors, None)
    return await hub.writer.write(accept, ask)


def statuses(hub):
    return [status for (status,) in rows(hub, "SELECT status FROM deliveries ORDER BY id")]


def named(request):
    """What the hub called a message that it sent."""
    return msgspec.json.decode(request.body)["messages"][0]["destinations"][0]["messageId"]


def test_a_conversation_by_a_declared_channel(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            message = provider.genuine(provider.message("my order #881"))
            assert [await heard(hub, message) for _ in range(2)] == [200, 200]
            ((conversation,),) = rows(hub, "SELECT id FROM conversations")
            assert isinstance(await say(hub, "It left.", conversation_id=conversation), Accepted)
            await eventually(lambda: statuses(hub) == ["accepted"])
            assert texts(hub) == ["my order #881", "It left."]
            (sent,) = provider.performed
            for status in ("DELIVERED", "PENDING", "DELIVERED"):
                assert await heard(hub, provider.report(named(sent), status, 5)) == 200
            await eventually(lambda: statuses(hub) == ["delivered"])

    asyncio.run(test())


def test_a_send_whose_answer_was_lost_is_settled_by_its_report(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            provider.next(Failure.LOST_ANSWER)
            await say(hub, "once")
            await eventually(lambda: statuses(hub) == ["uncertain"])
            (sent,) = provider.requests
            assert await heard(hub, provider.report(named(sent), "REJECTED", 52)) == 200
            await eventually(lambda: statuses(hub) == ["failed"])
            error = events(hub, "delivery.updated")[-1]["data"]["delivery"]["error"]
            assert (error["code"], error["provider_code"]) == ("invalid_address", "52")
            assert len(provider.requests) == 1

    asyncio.run(test())


def test_stop_blocks_the_way_and_a_forger_is_not_heard(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            forged = provider.genuine(provider.message("STOP"))
            stranger = type(forged)(forged.method, forged.path[:-1] + "x", forged.headers, forged.body)
            assert await heard(hub, stranger) == 403
            assert await heard(hub, forged) == 200
            assert isinstance(await say(hub, "one more thing"), Rejected)
            assert texts(hub) == ["STOP"]

    asyncio.run(test())


def test_no_secret_is_kept_in_the_store(tmp_path, provider):
    async def test():
        async with running(tmp_path, provider) as hub:
            await heard(hub, provider.genuine(provider.message("hello")))
            await say(hub, "hello")
            await eventually(lambda: statuses(hub) == ["accepted"])
            await eventually(lambda: rows(hub, "SELECT id FROM exchanges"))
        kept = b"".join(path.read_bytes() for path in tmp_path.glob("hub.db*"))
        assert b"447700900222" in kept
        assert SETTINGS["api_key"].encode() not in kept
        assert SECRET.encode() not in kept
        assert b"/in/sms-ib?secret=***" in kept

    asyncio.run(test())
