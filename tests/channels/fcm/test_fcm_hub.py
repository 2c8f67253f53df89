"""A hub with this connector: a device registers, is notified, moves, and is gone."""

import asyncio

import pytest
from fcm_app import SETTINGS

from connectors.channels.fcm.simulator import Simulator
from connectors.families.app.simulated import told
from connectors.kit.testing.simulator import Failure
from gateway.send.asks import Accepted, Rejected
from normalizer.commands import Recipient
from tests.background.heronry import eventually, rows
from tests.channels.beside import CONNECTOR, HOOK, kept, running


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def to(provider: Simulator, name: str) -> Recipient:
    return Recipient(connector=CONNECTOR, address=provider.device(name)["token"])


def test_a_device_is_notified_once_and_again_when_it_moved(tmp_path, provider):
    async def test():
        async with running(tmp_path, "fcm", provider) as beside:
            registered = provider.registration(provider.message(sender="phone"))
            assert [await beside.heard(registered) for _ in range(2)] == [200, 200]
            assert rows(beside.hub, "SELECT count(*) FROM routes") == [(1,)]
            assert isinstance(await beside.say("It left.", provider.device("phone")["token"]), Accepted)
            await eventually(lambda: beside.statuses() == ["accepted"])
            [shown] = provider.shown["phone"]
            assert shown["notification"] == {"title": "Acme", "body": "You have an answer"}
            [conversation] = beside.conversations()
            assert shown["data"]["conversation"] == conversation
            moved = told(provider.device("new"), before=provider.device("phone"))
            assert await beside.heard(provider.registration(moved)) == 200
            assert isinstance(await beside.say("It arrived."), Accepted)
            await eventually(lambda: len(provider.shown.get("new", ())) == 1)
            assert beside.conversations() == [conversation]
        assert not any(word in kept(tmp_path) for word in (b"PRIVATE KEY", b"ya29", SETTINGS["jwt_secret"].encode()))

    asyncio.run(test())


def test_a_device_that_is_gone_is_left_alone_and_the_persons_others_are_not(tmp_path, provider):
    async def test():
        async with running(tmp_path, "fcm", provider) as beside:
            for name in ("phone", "tablet"):
                await beside.heard(provider.registration(provider.message(sender=name)))
            provider.next(Failure.UNREACHABLE)
            await beside.say("One", provider.device("phone")["token"])
            await eventually(lambda: beside.statuses() == ["failed"])
            assert isinstance(await beside.say("Two", provider.device("phone")["token"]), Rejected)
            assert isinstance(await beside.say("Two"), Accepted)
            await eventually(lambda: beside.statuses() == ["failed", "accepted"])
            assert list(provider.shown) == ["tablet"]

    asyncio.run(test())


def test_what_was_lost_on_the_way_is_in_doubt_and_a_full_quota_is_waited_for(tmp_path, provider):
    async def test():
        async with running(tmp_path, "fcm", provider) as beside:
            await beside.heard(provider.registration(provider.message(sender="phone")))
            provider.next(Failure.LOST_ANSWER)
            await beside.say("One", provider.device("phone")["token"])
            await eventually(lambda: beside.statuses() == ["uncertain"])
            provider.next(Failure.RATE_LIMITED)
            await beside.say("Two")
            await eventually(lambda: len(provider.requests) == 2)
            await eventually(lambda: rows(beside.hub, "SELECT paused_until IS NOT NULL FROM lanes") == [(1,)])
            assert len(provider.shown["phone"]) == 1

    asyncio.run(test())


def test_nobody_registers_without_a_users_token_and_nonsense_is_set_aside(tmp_path, provider):
    async def test():
        async with running(tmp_path, "fcm", provider) as beside:
            other = Simulator({**SETTINGS, "jwt_secret": "another-secret-of-the-tests-000001"}, HOOK)
            assert await beside.heard(other.registration(provider.message())) == 403
            assert await beside.heard(provider.registration(told({"token": "no token"}))) == 200
            found = rows(beside.hub, "SELECT reason FROM quarantine")
            assert [reason.partition(" - ")[0] for (reason,) in found] == ["Expected `str` of length >= 20"]
            assert rows(beside.hub, "SELECT count(*) FROM identities") == [(0,)]

    asyncio.run(test())


def test_the_app_tells_what_was_shown_and_opened(tmp_path, provider):
    async def test():
        async with running(tmp_path, "fcm", provider) as beside:
            await beside.heard(provider.registration(provider.message(sender="phone")))
            await beside.say("It left.", provider.device("phone")["token"])
            await eventually(lambda: beside.statuses() == ["accepted"])
            [shown] = provider.shown["phone"]
            heard = []
            for how in ("shown", "opened", "shown"):
                assert await beside.heard(provider.seen(shown, how)) == 200
                heard += beside.statuses()
            assert heard == ["delivered", "read", "read"]

    asyncio.run(test())
