"""Several connections to the gateway: what each hears comes, each goes on where it stopped, none begins too soon."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from discord_bot import CHANNEL, SETTINGS, during

from connectors.channels.discord import Discord, shards
from connectors.channels.discord.simulator import Simulator
from connectors.kit.base import Polled
from connectors.kit.errors import Misconfigured, Temporary
from normalizer.inbound import MessageReceived
from tests.background.heronry import eventually, texts
from tests.channels.beside import HOOK, running

FIRST, SECOND = str(4 << 22), str(5 << 22)
"""Servers, which of two shards the first and the second have."""


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(shards, "APART", 0.2)


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        simulator.shards = 2
        yield simulator


def said(polled: Polled) -> list[str]:
    return [item.text for item in polled.inbound if isinstance(item, MessageReceived)]


async def begun(plugin: Discord) -> str:
    """The cursor, once every connection has begun."""
    cursor = None
    while cursor is None or None in msgspec.json.decode(cursor)["sessions"]:
        cursor = (await plugin.poll(cursor)).cursor
    return cursor


async def until(plugin: Discord, cursor: str, count: int) -> tuple[list[str], str]:
    """So many messages, in the order of their words, and the cursor after them."""
    found: list[str] = []
    while len(found) < count:
        polled = await plugin.poll(cursor)
        found, cursor = found + said(polled), polled.cursor
    return sorted(found), cursor


def speak(provider: Simulator, word: str) -> None:
    provider.writes(f"{word}, in private")
    provider.writes(f"{word}, in the first", channel_id=CHANNEL, guild_id=FIRST)
    provider.writes(f"{word}, in the second", channel_id=CHANNEL, guild_id=SECOND)


def spoken(word: str) -> list[str]:
    return [f"{word}, in private", f"{word}, in the first", f"{word}, in the second"]


def test_as_many_as_discord_recommends_hear_all_of_it(provider):
    async def act(plugin):
        cursor = await begun(plugin)
        speak(provider, "one")
        return await until(plugin, cursor, 3)

    found, cursor = during(provider, act)
    assert found == spoken("one")
    assert sorted(told["shard"] for told in provider.identified) == [[0, 2], [1, 2]]
    assert [session["session"] for session in msgspec.json.decode(cursor)["sessions"]] == ["1", "1/1"]


def test_one_connection_says_nothing_of_shards():
    with Simulator(SETTINGS) as provider:
        during(provider, begun)
    assert "shard" not in provider.identified[0]


def test_each_goes_on_where_it_stopped_in_another_process(provider):
    async def first(plugin):
        return (await until(plugin, await begun(plugin), 0))[1]

    cursor = during(provider, first)
    speak(provider, "meanwhile")
    found, _ = during(provider, lambda plugin: until(plugin, cursor, 3))
    assert found == spoken("meanwhile")
    assert (len(provider.identified), len(provider.resumed)) == (2, 2)


def test_what_was_not_recorded_is_given_again_by_each(provider):
    async def act(plugin):
        cursor = await begun(plugin)
        speak(provider, "again")
        return (await until(plugin, cursor, 3))[0], (await until(plugin, cursor, 3))[0]

    assert during(provider, act) == (spoken("again"), spoken("again"))


def test_the_trouble_of_one_keeps_nothing_of_the_other(provider):
    async def act(plugin):
        cursor = await begun(plugin)
        shard = plugin.gateway._gateways[1]
        await shard._socket.close(code=4000)
        provider.writes("still heard")
        found: list[str] = []
        for _ in range(4):
            try:
                polled = await plugin.poll(cursor)
            except Temporary:
                continue
            found, cursor = found + said(polled), polled.cursor
        provider.writes("and this again", channel_id=CHANNEL, guild_id=SECOND)
        return found, (await until(plugin, cursor, 1))[0]

    assert during(provider, act) == (["still heard"], ["and this again"])


@pytest.mark.parametrize(("concurrency", "apart"), [(1, True), (2, False)])
def test_sessions_begin_as_far_apart_as_discord_asks(provider, monkeypatch, concurrency, apart):
    monkeypatch.setattr(shards, "APART", 1.0)
    provider.concurrency = concurrency
    during(provider, begun)
    first, second = provider.moments
    assert (second - first >= 0.9) is apart


def test_where_no_session_may_begin_it_waits_for_as_long_as_discord_says(provider):
    provider.shards, provider.starts = 1, 0
    with pytest.raises(Temporary) as raised:
        during(provider, begun)
    assert (raised.value.retry_after, provider.identified) == (14_400.0, [])


def test_the_operator_may_set_how_many_there_are_which_begins_them_anew(provider):
    cursor = during(provider, begun)
    during(provider, lambda plugin: plugin.poll(cursor), settings={"shards": 1})
    assert len(provider.identified) == 3
    assert provider.resumed == []


def test_more_servers_than_the_shards_may_have_is_said(provider):
    provider.shards, provider.close_code = 1, 4011
    with pytest.raises(Misconfigured, match="see the setting `shards`"):
        during(provider, begun)


def test_a_cursor_of_before_there_were_several_still_goes_on():
    with Simulator(SETTINGS) as provider:
        cursor = during(provider, begun)
        (alone,) = msgspec.json.decode(cursor)["sessions"]
        provider.writes("meanwhile")
        found = during(provider, lambda plugin: plugin.poll(msgspec.json.encode(alone).decode()))
    assert (said(found), len(provider.identified), len(provider.resumed)) == (["meanwhile"], 1, 1)


@pytest.mark.parametrize("cursor", ["", "{", "[]", '{"sessions":[]}', '{"sessions":[1]}'])
def test_a_cursor_that_is_none_begins_anew(cursor):
    with Simulator(SETTINGS) as provider:
        found = during(provider, lambda plugin: plugin.poll(cursor))
    assert (len(provider.identified), len(msgspec.json.decode(found.cursor)["sessions"])) == (1, 1)


def test_a_hub_hears_servers_of_both(tmp_path: Path, provider):
    async def test():
        async with running(tmp_path, "discord", provider) as beside:
            await eventually(lambda: len(provider.identified) == 2)
            await asyncio.to_thread(speak, provider, "one")
            await eventually(lambda: sorted(texts(beside.hub)) == spoken("one"))
        await asyncio.to_thread(speak, provider, "two")
        async with running(tmp_path, "discord", provider) as beside:
            await eventually(lambda: sorted(texts(beside.hub)) == spoken("one") + spoken("two"))

    asyncio.run(test())
