"""A hub with this connector, and Rocket.Chat beside it: a visitor writes, is answered, and corrects what they wrote."""

import asyncio

import pytest
from rocketchat_workspace import SETTINGS

from connectors.channels.rocketchat.simulator import KEY, ROOM, Simulator
from gateway.send.asks import Accepted
from tests.background.heronry import events, eventually, rows, texts
from tests.channels.beside import HOOK, kept, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def test_a_conversation_in_the_omnichannel(tmp_path, provider):
    async def test():
        async with running(tmp_path, "rocketchat", provider) as beside:
            said = provider.genuine(provider.message("Where is my order?"))
            assert [await beside.heard(said) for _ in range(2)] == [200, 200]
            assert isinstance(await beside.say("It left."), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            assert provider.sent == [{"roomId": ROOM, "text": "It left."}]
            assert texts(beside.hub) == ["Where is my order?", "It left."]
        stored = kept(tmp_path)
        assert [word for word in (*SETTINGS.values(), KEY) if word.encode() in stored and word not in SAID] == []

    asyncio.run(test())


SAID = (SETTINGS["api_base"], SETTINGS["user_id"])
"""Settings that are no secrets."""


def test_what_was_corrected_is_told(tmp_path, provider):
    async def test():
        async with running(tmp_path, "rocketchat", provider) as beside:
            await beside.heard(provider.genuine(provider.said({"_id": "m1", "msg": "order 880"})))
            corrected = provider.said({"_id": "m1", "msg": "order 881", "editedAt": "2026-11-21T10:00:00.000Z"})
            assert [await beside.heard(provider.genuine(corrected)) for _ in range(2)] == [200, 200]
            assert texts(beside.hub) == ["order 881"]
            assert len(events(beside.hub, "message.edited")) == 1

    asyncio.run(test())


def test_another_agent_is_recorded_as_us_and_our_own_words_are_passed_over(tmp_path, provider):
    async def test():
        async with running(tmp_path, "rocketchat", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello")))
            for agent in (SETTINGS["user_id"], "aXjjcPwq4Pcp7xftH"):
                told = provider.said({"msg": f"from {agent}", "agentId": agent})
                assert await beside.heard(provider.genuine(told)) == 200
            assert texts(beside.hub) == ["Hello", "from aXjjcPwq4Pcp7xftH"]
            assert (beside.statuses(), provider.sent) == ([], [])

    asyncio.run(test())


def test_a_forger_is_not_heard(tmp_path, provider):
    async def test():
        async with running(tmp_path, "rocketchat", provider) as beside:
            genuine = provider.genuine(provider.message("Hello"))
            headers = {**genuine.headers, "x-rocketchat-livechat-token": "another"}
            assert await beside.heard(type(genuine)(genuine.method, genuine.path, headers, genuine.body)) == 403
            assert texts(beside.hub) == []

    asyncio.run(test())


def test_a_picture_is_fetched_from_the_workspace(tmp_path, provider):
    async def test():
        async with running(tmp_path, "rocketchat", provider) as beside:
            await beside.heard(provider.genuine(provider.picture(b"octets of a picture")))
            await eventually(lambda: rows(beside.hub, "SELECT state, size FROM attachments") == [("stored", 19)])

    asyncio.run(test())
