"""The gateway: what is said comes, also over broken connections, polls that were not recorded and lost sessions."""

import asyncio

import msgspec
import pytest
from discord_bot import CHANNEL, SETTINGS, TOKEN, during

from connectors.channels.discord import Discord
from connectors.channels.discord.simulator import Simulator
from connectors.kit.base import Polled
from connectors.kit.errors import Misconfigured, Temporary
from normalizer.inbound import MessageReceived


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


def texts(polled: Polled) -> list[str]:
    return [item.text for item in polled.inbound if isinstance(item, MessageReceived)]


async def begun(plugin: Discord) -> str:
    """The cursor of a new session."""
    return (await plugin.poll(None)).cursor


def test_what_is_said_comes_with_the_cursor_after_it(provider):
    async def act(plugin):
        cursor = await begun(plugin)
        provider.writes("one")
        provider.dispatch("PRESENCE_UPDATE", {})
        provider.writes("two")
        first = await plugin.poll(cursor)
        provider.writes("three")
        return first, await plugin.poll(first.cursor)

    first, second = during(provider, act)
    assert (texts(first), texts(second)) == (["one", "two"], ["three"])
    assert msgspec.json.decode(second.cursor)["sessions"][0]["number"] == 5
    assert [told["t"] for told in msgspec.json.decode(first.raw)] == ["MESSAGE_CREATE"] * 2
    assert (len(provider.identified), provider.resumed) == (1, [])


@pytest.mark.parametrize(("channels", "intents"), [([], 0x3000), ([CHANNEL], 0x3000 | 0x8601)])
def test_only_what_is_served_is_asked_for(provider, channels, intents):
    during(provider, begun, settings={"channels": channels})
    (asked,) = provider.identified
    assert asked["intents"] == intents


def test_a_broken_connection_loses_nothing(provider):
    async def act(plugin):
        cursor = await begun(plugin)
        provider.drop()
        provider.writes("while away")
        with pytest.raises(Temporary):
            await plugin.poll(cursor)
        return await plugin.poll(cursor)

    assert texts(during(provider, act)) == ["while away"]
    assert (len(provider.identified), len(provider.resumed)) == (1, 1)


def test_what_was_given_and_not_recorded_is_given_again(provider):
    async def act(plugin):
        cursor = await begun(plugin)
        provider.writes("once more")
        return [texts(await plugin.poll(cursor)) for _ in range(2)]

    assert during(provider, act) == [["once more"], ["once more"]]


def test_what_came_before_the_first_cursor_was_recorded_is_given_again(provider):
    async def act(plugin):
        await plugin.poll(None)
        provider.writes("early")
        return [texts(await plugin.poll(None)) for _ in range(2)]

    assert during(provider, act) == [["early"], ["early"]]
    assert len(provider.identified) == 1


def test_another_process_goes_on_where_this_one_stopped(provider):
    async def first(plugin):
        cursor = await begun(plugin)
        provider.writes("one")
        return (await plugin.poll(cursor)).cursor

    cursor = during(provider, first)
    provider.writes("two")
    assert texts(during(provider, lambda plugin: plugin.poll(cursor))) == ["two"]


def test_a_session_discord_forgot_gives_way_to_another(provider):
    async def act(plugin):
        cursor = await begun(plugin)
        provider.drop(forget=True)
        for _ in range(2):  # the connection has ended; the session is over
            with pytest.raises(Temporary):
                await plugin.poll(cursor)
        fresh = await plugin.poll(cursor)
        provider.writes("in the new one")
        return fresh, await plugin.poll(fresh.cursor), await plugin.poll(cursor)

    fresh, polled, again = during(provider, act)
    assert msgspec.json.decode(fresh.cursor)["sessions"][0]["session"] == "2"
    assert texts(polled) == texts(again) == ["in the new one"]
    assert len(provider.identified) == 2


@pytest.mark.parametrize(("code", "says"), [(4014, "an intent is not allowed"), (4013, "intents are wrong")])
def test_what_an_operator_has_to_mend_is_said(provider, code, says):
    provider.close_code = code
    with pytest.raises(Misconfigured, match=says):
        during(provider, begun)


def test_a_wrong_token_is_for_the_operator_and_shows_nowhere(provider):
    with pytest.raises(Misconfigured) as raised:
        during(provider, begun, settings={"bot_token": "another.token.than.ours"})
    assert "another.token" not in repr(raised.value)


def test_a_connection_is_kept_alive_and_a_dead_one_noticed(provider):
    provider.interval = 1000

    async def act(plugin):
        cursor = await begun(plugin)
        for _ in range(2):
            cursor = (await plugin.poll(cursor)).cursor
        return cursor

    during(provider, act)
    assert provider.heartbeats >= 2
    assert provider.resumed == []


@pytest.mark.parametrize("knows", [True, False])
def test_nobody_there_is_told_and_tried_again(knows):
    with Simulator(SETTINGS) as provider:
        cursor = during(provider, begun)
    with pytest.raises(Temporary):
        during(provider, lambda plugin: plugin.poll(cursor if knows else None))


def test_a_gateway_at_a_private_address_that_was_not_configured_is_not_called():
    with Simulator(SETTINGS) as other, Simulator(SETTINGS) as provider:
        cursor = msgspec.json.encode(
            {"session": "1", "url": f"ws{other.url.removeprefix('http')}/gateway", "number": 1}
        )
        with pytest.raises(Temporary) as raised:
            during(provider, lambda plugin: plugin.poll(cursor.decode()))
    assert (other.requests, other.resumed) == ([], [])
    assert TOKEN not in str(raised.value)


def test_a_connection_is_let_go_also_where_its_farewell_is_cut_off(provider, monkeypatch):
    async def never(*, code: int) -> None:
        await asyncio.Event().wait()

    async def act(plugin):
        await begun(plugin)
        (shard,) = plugin.gateway._gateways
        below = shard._http
        monkeypatch.setattr(shard._socket, "close", never)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await plugin.close()
        return below.closed

    assert during(provider, act) is True
