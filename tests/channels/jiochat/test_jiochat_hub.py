"""A hub with this connector, and JioChat beside it: somebody writes, is answered, and stops following."""

import asyncio

import pytest
from jiochat_account import PATH_SECRET, SECRET, SETTINGS

from connectors.channels.jiochat.simulator import ASHA, Simulator
from gateway.send.asks import Accepted, Rejected
from tests.background.heronry import eventually, rows, texts
from tests.channels.beside import HOOK, kept, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def test_a_conversation_on_jiochat(tmp_path, provider):
    async def test():
        async with running(tmp_path, "jiochat", provider) as beside:
            said = provider.genuine(provider.message("Where is my order?"))
            assert [await beside.heard(said) for _ in range(2)] == [200, 200]
            assert isinstance(await beside.say("It left. " + "☺" * 1600), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            assert [told["touser"] for told in provider.sent] == [ASHA, ASHA]
            assert sum(told["text"]["content"].count("☺") for told in provider.sent) == 1600
            assert texts(beside.hub)[0] == "Where is my order?"

    asyncio.run(test())


def test_who_stops_following_is_left_alone_until_they_follow_again(tmp_path, provider):
    async def test():
        async with running(tmp_path, "jiochat", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello")))
            await beside.heard(provider.genuine(provider.event("unsubscribe")))
            assert isinstance(await beside.say("one more thing"), Rejected)
            await beside.heard(provider.genuine(provider.event("subscribe")))
            assert isinstance(await beside.say("welcome back"), Accepted)
            assert beside.consents() == ["opted_out", "opted_in"]

    asyncio.run(test())


def test_who_does_not_know_the_path_leaves_nothing(tmp_path, provider):
    async def test():
        async with running(tmp_path, "jiochat", provider) as beside:
            forger = Simulator({**SETTINGS, "path_secret": "guessed-by-somebody"}, HOOK)
            assert await beside.heard(forger.genuine(forger.message("let me in"))) == 403
            assert rows(beside.hub, "SELECT count(*) FROM raws") == [(0,)]

    asyncio.run(test())


def test_no_secret_is_kept_in_the_store(tmp_path, provider):
    async def test():
        async with running(tmp_path, "jiochat", provider) as beside:
            answer = await beside.answered(provider.greeting("SUCCESS"))
            assert (answer.status, answer.body) == (200, b"SUCCESS")
            await beside.heard(provider.genuine(provider.held("image", "image/png", b"octets of a picture")))
            await beside.say("thank you")
            await eventually(lambda: beside.statuses() == ["accepted"])
            await eventually(
                lambda: (
                    rows(beside.hub, "SELECT state, media_type, size FROM attachments") == [("stored", "image/png", 19)]
                )
            )
            await eventually(lambda: len(rows(beside.hub, "SELECT id FROM exchanges")) >= 2)
            urls = [url for (url,) in rows(beside.hub, "SELECT url FROM raws")]
            assert f"{HOOK}/***/rcv/msg/message" in urls
        store = kept(tmp_path)
        assert ASHA.encode() in store
        for secret in (PATH_SECRET, SECRET, provider.token):
            assert secret.encode() not in store

    asyncio.run(test())
