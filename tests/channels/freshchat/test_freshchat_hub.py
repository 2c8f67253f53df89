"""A hub with this connector, and Freshchat beside it: a customer writes, is answered, and meets another agent."""

import asyncio

import msgspec
import pytest
from freshchat_account import AGENT, IRA, SETTINGS

from connectors.channels.freshchat.simulator import CONVERSATION, Simulator
from gateway.send.asks import Accepted
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, kept, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def test_a_conversation_in_freshchat(tmp_path, provider):
    async def test():
        async with running(tmp_path, "freshchat", provider) as beside:
            said = provider.genuine(provider.message("Where is my order?", IRA))
            assert [await beside.heard(said) for _ in range(2)] == [200, 200]
            assert isinstance(await beside.say("It left."), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            (sent,) = provider.requests
            assert sent.path == f"/v2/conversations/{CONVERSATION}/messages"
            assert msgspec.json.decode(sent.body)["message_parts"] == [{"text": {"content": "It left."}}]
            assert texts(beside.hub) == ["Where is my order?", "It left."]
        assert SETTINGS["api_key"].encode() not in kept(tmp_path)

    asyncio.run(test())


def test_what_comes_back_of_our_own_is_passed_over_and_another_agent_is_recorded_as_us(tmp_path, provider):
    async def test():
        async with running(tmp_path, "freshchat", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello", IRA)))
            for agent, words in ((AGENT, "an echo"), ("41c85e6d", "from Freshchat")):
                told = provider.said([{"text": {"content": words}}], IRA, agent=agent)
                assert await beside.heard(provider.genuine(told)) == 200
            (written,) = events(beside.hub, "message.created")
            assert (written["data"]["message"]["text"], provider.requests) == ("from Freshchat", [])
            assert texts(beside.hub) == ["Hello", "from Freshchat"]
            assert len(beside.conversations()) == 1

    asyncio.run(test())


def test_a_forger_is_not_heard(tmp_path, provider):
    async def test():
        async with running(tmp_path, "freshchat", provider) as beside:
            genuine = provider.genuine(provider.message("Hello", IRA))
            forged = type(genuine)(genuine.method, genuine.path, genuine.headers, provider.message("Goodbye", IRA))
            assert await beside.heard(forged) == 403
            assert texts(beside.hub) == []

    asyncio.run(test())


def test_a_picture_is_fetched(tmp_path, provider):
    async def test():
        async with running(tmp_path, "freshchat", provider) as beside:
            await beside.heard(provider.genuine(provider.picture(b"octets of a picture")))
            await eventually(lambda: rows(beside.hub, "SELECT state, size FROM attachments") == [("stored", 19)])

    asyncio.run(test())
