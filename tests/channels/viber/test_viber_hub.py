"""A hub with this connector, and Viber beside it: a customer writes, is answered, reads, and leaves."""

import asyncio

import msgspec
import pytest
from viber_bot import IRA, SETTINGS

from connectors.channels.viber.simulator import Simulator
from gateway.send.asks import Accepted, Rejected
from tests.background.heronry import eventually, rows, texts
from tests.channels.beside import HOOK, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def test_a_conversation_on_viber(tmp_path, provider):
    async def test():
        async with running(tmp_path, "viber", provider) as beside:
            said = provider.genuine(provider.message("Where is my order?", IRA))
            assert [await beside.heard(said) for _ in range(2)] == [200, 200]
            assert isinstance(await beside.say("It left."), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((token, sent),) = provider.sent.items()
            assert (sent["receiver"], sent["text"], sent["sender"]) == (IRA, "It left.", {"name": "Acme"})
            for event in ("seen", "delivered", "seen"):
                assert await beside.heard(provider.genuine(provider.report(token, event))) == 200
            await eventually(lambda: beside.statuses() == ["read"])
            assert texts(beside.hub) == ["Where is my order?", "It left."]

    asyncio.run(test())


def test_receipts_of_what_the_customer_wrote_change_nothing(tmp_path, provider):
    async def test():
        async with running(tmp_path, "viber", provider) as beside:
            said = provider.message("Hello", IRA)
            await beside.heard(provider.genuine(said))
            token = str(msgspec.json.decode(said)["message_token"])
            provider.sent[token] = {"receiver": IRA}
            before = beside.hub.feed.newest()
            assert await beside.heard(provider.genuine(provider.report(token, "delivered"))) == 200
            assert beside.hub.feed.newest() == before
            assert rows(beside.hub, "SELECT count(*) FROM waiting_reports") == [(0,)]

    asyncio.run(test())


def test_who_unsubscribes_is_left_alone_until_they_write_again(tmp_path, provider):
    async def test():
        async with running(tmp_path, "viber", provider) as beside:
            await beside.heard(provider.genuine(provider.message("Hello", IRA)))
            await beside.heard(provider.genuine(provider.unsubscribed(IRA)))
            assert isinstance(await beside.say("one more thing"), Rejected)
            assert beside.consents() == ["opted_out"]

    asyncio.run(test())


def test_a_picture_is_fetched(tmp_path, provider):
    async def test():
        async with running(tmp_path, "viber", provider) as beside:
            await beside.heard(provider.genuine(provider.picture(b"octets of a picture", IRA)))
            await eventually(lambda: rows(beside.hub, "SELECT state, size FROM attachments") == [("stored", 19)])

    asyncio.run(test())
