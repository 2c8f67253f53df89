"""A hub with declared connectors, and their providers beside it: in, history, out, and what is reported."""

import asyncio
from contextlib import asynccontextmanager
from importlib import import_module

import msgspec
import pytest
from declared_channels import DECLARED, FOLDERS

from connectors.channels.infobip.simulator import Simulator
from connectors.kit import registry
from connectors.kit.declared.filling import filled
from connectors.kit.fixtures import as_request, read_fixtures
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
from tests.channels import beside

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


def declared(name):
    """A declared channel's simulator, with the settings of its fixtures."""
    simulator = import_module(f"{registry.load(name).__module__}.simulator").Simulator
    return simulator(read_fixtures(FOLDERS[name] / "fixtures").config, beside.HOOK)


def word_for(provider, status):
    """The provider's word for a status of ours."""
    declaration = provider.plugin.declaration
    usual = {name: setting.default for name, setting in declaration.settings.items()}
    return str(filled(declaration, {**usual, **provider.config}).statuses[status][0])


NAMES = """
    SELECT DISTINCT n.value
    FROM deliveries d, json_each(CAST(d.body AS TEXT), '$.payloads') p, json_each(p.value, '$.external_ids') n
"""
"""What providers called the messages that were sent."""


@pytest.mark.parametrize("name", DECLARED)
def test_every_declared_channel_takes_part_in_a_conversation(tmp_path, name):
    async def test(provider):
        async with beside.running(tmp_path, name, provider) as at:
            said = provider.genuine(provider.message("my order #881"))
            assert [await at.heard(said) for _ in range(2)] == [provider.plugin.declaration.receive.reply.status] * 2
            assert isinstance(await at.say("It left."), Accepted)
            await eventually(lambda: at.statuses() == ["accepted"])
            assert texts(at.hub) == ["my order #881", "It left."]
            assert len([each for each in provider.performed if provider.is_send(each)]) == 1
            if provider.plugin.declaration.simulated.report is not None:
                ((external,),) = rows(at.hub, NAMES)
                report = provider.report(external, word_for(provider, "delivered"))
                assert await at.heard(report) == provider.plugin.declaration.receive.reply.status
                await eventually(lambda: at.statuses() == ["delivered"])
        secrets = [setting for setting, each in provider.plugin.declaration.settings.items() if each.type == "secret"]
        kept = beside.kept(tmp_path)
        assert [secret for secret in secrets if str(provider.config.get(secret)).encode() in kept] == []

    with declared(name) as provider:
        asyncio.run(test(provider))


def test_a_long_text_is_a_request_for_each_segment_where_a_request_takes_one(tmp_path):
    async def test(provider):
        async with beside.running(tmp_path, "globe", provider) as at:
            await at.heard(provider.genuine(provider.message("my order #881")))
            assert isinstance(await at.say("It left. " * 30), Accepted)
            await eventually(lambda: at.statuses() == ["accepted"])
        sent = [msgspec.json.decode(request.body)["message"] for request in provider.performed]
        assert (len(sent), max(map(len, sent)) <= 160) == (2, True)
        assert "".join(sent).replace(" ", "") == "Itleft." * 30

    with declared("globe") as provider:
        asyncio.run(test(provider))


def test_an_access_token_is_asked_for_once_and_is_not_kept_in_the_store(tmp_path):
    async def test(provider):
        async with beside.running(tmp_path, "mtn", provider) as at:
            await at.heard(provider.genuine(provider.message("my order #881")))
            for words in ("It left.", "It arrives tomorrow."):
                await at.say(words)
            await eventually(lambda: at.statuses() == ["accepted", "accepted"])
            await eventually(lambda: len(rows(at.hub, "SELECT id FROM exchanges")) == 3)
        assert [provider.is_send(request) for request in provider.requests] == [False, True, True]
        assert b"access-token-of-the-simulator" not in beside.kept(tmp_path)

    with declared("mtn") as provider:
        asyncio.run(test(provider))
