"""A hub with this connector: a device registers, is notified, and is gone."""

import asyncio

import pytest
from apns_app import PHONE, SETTINGS

from connectors.channels.apns.simulator import Simulator
from connectors.families.app.simulated import told
from connectors.kit.testing.simulator import Failure
from gateway.send.asks import Accepted, Rejected
from tests.background.heronry import eventually, rows
from tests.channels.beside import HOOK, kept, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def test_a_device_is_notified_until_the_app_is_removed_and_again_when_it_is_back(tmp_path, provider):
    async def test():
        async with running(tmp_path, "apns", provider, preview=True) as beside:
            registered = provider.registration(provider.message(sender="phone"))
            assert [await beside.heard(registered) for _ in range(2)] == [200, 200]
            assert isinstance(await beside.say("It left.", PHONE), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            [shown] = provider.shown[PHONE]
            [conversation] = beside.conversations()
            assert shown["aps"]["alert"] == {"title": "Acme", "body": "It left."}
            assert (shown["conversation"], shown["aps"]["thread-id"]) == (conversation, conversation.replace("-", ""))
            provider.next(Failure.UNREACHABLE)
            assert isinstance(await beside.say("It arrived."), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted", "failed"])
            assert isinstance(await beside.say("Hello?"), Rejected)
            assert await beside.heard(registered) == 200
            assert isinstance(await beside.say("Hello again"), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted", "failed", "accepted"])
        assert not any(word in kept(tmp_path) for word in (b"PRIVATE KEY", SETTINGS["jwt_secret"].encode()))

    asyncio.run(test())


def test_a_lost_answer_leaves_it_in_doubt_and_wrong_credentials_pause_the_lane(tmp_path, provider):
    async def test():
        async with running(tmp_path, "apns", provider) as beside:
            await beside.heard(provider.registration(provider.message(sender="phone")))
            provider.next(Failure.LOST_ANSWER)
            await beside.say("One", PHONE)
            await eventually(lambda: beside.statuses() == ["uncertain"])
            provider.next(Failure.UNAUTHORIZED)
            await beside.say("Two")
            await eventually(lambda: rows(beside.hub, "SELECT state FROM lanes") == [("down",)])
            assert len(provider.shown[PHONE]) == 1

    asyncio.run(test())


def test_a_long_message_is_one_notification_and_the_loss_is_told(tmp_path, provider):
    async def test():
        async with running(tmp_path, "apns", provider, preview=True) as beside:
            await beside.heard(provider.registration(provider.message(sender="phone")))
            await beside.say("word " * 1000, PHONE)
            await eventually(lambda: beside.statuses() == ["accepted"])
            [shown] = provider.shown[PHONE]
            assert 900 < len(shown["aps"]["alert"]["body"]) <= 1000
            [(plan,)] = rows(beside.hub, "SELECT body FROM deliveries")
            assert b"all but the first of 5 pieces" in plan

    asyncio.run(test())


def test_a_device_moves_and_nonsense_is_set_aside(tmp_path, provider):
    async def test():
        async with running(tmp_path, "apns", provider) as beside:
            await beside.heard(provider.registration(provider.message(sender="phone")))
            moved = told({"token": provider.device("new")["token"].upper()}, before=provider.device("phone"))
            assert await beside.heard(provider.registration(moved)) == 200
            assert rows(beside.hub, "SELECT address FROM routes") == [(provider.device("new")["token"],)]
            assert await beside.heard(provider.registration(told({"token": "../../x"}))) == 200
            assert rows(beside.hub, "SELECT count(*) FROM quarantine") == [(1,)]

    asyncio.run(test())


def test_the_app_tells_what_was_shown_and_opened(tmp_path, provider):
    async def test():
        async with running(tmp_path, "apns", provider) as beside:
            await beside.heard(provider.registration(provider.message(sender="phone")))
            await beside.say("It left.", PHONE)
            await eventually(lambda: beside.statuses() == ["accepted"])
            [shown] = provider.shown[PHONE]
            heard = []
            for how in ("shown", "opened", "shown"):
                assert await beside.heard(provider.seen(shown, how)) == 200
                heard += beside.statuses()
            assert heard == ["delivered", "read", "read"]

    asyncio.run(test())
