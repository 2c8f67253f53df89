"""Threads and posts of forums: heard where their channel is served, and answered where they are."""

import asyncio

import msgspec
import pytest
from discord_bot import CHANNEL, NELLY, SETTINGS, during

from connectors.channels.discord import Discord
from connectors.channels.discord.simulator import Simulator
from connectors.kit.base import Polled
from connectors.kit.errors import Temporary
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address, Ignored, MessageReceived
from tests.background.heronry import eventually, rows, texts
from tests.channels.beside import HOOK, running

THREAD, OTHER = "613425648685547999", "613425648685547998"


@pytest.fixture
def provider():
    with Simulator(SETTINGS, HOOK) as simulator:
        yield simulator


def stands(polled: Polled) -> list[tuple[str, str, str | None]]:
    """What was said, and where."""
    said = [item for item in polled.inbound if isinstance(item, MessageReceived)]
    return [(item.text, item.peer.person.address.value, item.peer.thread) for item in said]


def looked_up(provider: Simulator) -> list[str]:
    paths = [request.path.removeprefix("/api/v10/channels/") for request in provider.requests]
    return [path for path in paths if path.isdecimal()]


def heard(provider: Simulator, say) -> Polled:
    async def act(plugin: Discord) -> Polled:
        cursor = (await plugin.poll(None)).cursor
        say()
        return await plugin.poll(cursor)

    return during(provider, act)


def test_what_is_said_in_a_thread_of_a_served_channel_is_heard_with_its_thread(provider):
    def say():
        provider.thread(THREAD, CHANNEL)
        provider.thread(OTHER, "77777")
        provider.writes("in the thread", channel_id=THREAD, guild_id="88")
        provider.writes("in the channel", channel_id=CHANNEL, guild_id="88")
        provider.writes("elsewhere", channel_id=OTHER, guild_id="88")

    polled = heard(provider, say)
    wanted = [("in the thread", f"channel:{CHANNEL}", THREAD), ("in the channel", f"channel:{CHANNEL}", None)]
    assert stands(polled) == wanted
    assert isinstance(polled.inbound[-1], Ignored)
    assert looked_up(provider) == []
    assert (
        msgspec.json.decode(polled.raw)[0]["parent"] == CHANNEL
    )  # so that it reads the same whenever it is read again


def test_threads_that_were_there_before_are_told_with_the_server(provider):
    def say():
        category = {"id": OTHER, "type": 0, "parent_id": CHANNEL}
        provider.thread(THREAD, CHANNEL, told=False)
        provider.dispatch("GUILD_CREATE", {"channels": [category], "threads": [provider.channels[THREAD]]})
        provider.writes("in the thread", channel_id=THREAD, guild_id="88")
        provider.writes("in a channel of that category", channel_id=OTHER, guild_id="88")

    assert stands(heard(provider, say)) == [("in the thread", f"channel:{CHANNEL}", THREAD)]
    assert looked_up(provider) == []


def test_a_thread_nobody_told_of_is_asked_for_once(provider):
    provider.thread(THREAD, CHANNEL, told=False)

    def say():
        for text in ("one", "two"):
            provider.writes(text, channel_id=THREAD, guild_id="88")
            provider.writes(text, channel_id=OTHER, guild_id="88")

    assert [text for text, *_ in stands(heard(provider, say))] == ["one", "two"]
    assert looked_up(provider) == [THREAD, OTHER]


def test_what_could_not_be_placed_is_given_again():
    class Faint(Simulator):
        async def answer(self, request):
            first = request.path.endswith(THREAD) and looked_up(self) == [THREAD]
            return Reply(502) if first else await super().answer(request)

    with Faint(SETTINGS) as provider:
        provider.thread(THREAD, CHANNEL, told=False)

        async def act(plugin):
            cursor = (await plugin.poll(None)).cursor
            provider.writes("once more", channel_id=THREAD, guild_id="88")
            with pytest.raises(Temporary):
                await plugin.poll(cursor)
            return await plugin.poll(cursor)

        assert stands(during(provider, act)) == [("once more", f"channel:{CHANNEL}", THREAD)]


def test_typing_shows_in_the_thread(provider):
    there = Address(scheme="discord", value=f"channel:{CHANNEL}")
    during(provider, lambda plugin: plugin.typing(there, THREAD))
    assert [request.path for request in provider.requests] == [f"/api/v10/channels/{THREAD}/typing"]


def test_where_no_channel_is_served_nothing_is_asked(provider):
    async def act(plugin):
        cursor = (await plugin.poll(None)).cursor
        provider.writes("elsewhere", channel_id=OTHER, guild_id="88")
        return await plugin.poll(cursor)

    assert stands(during(provider, act, settings={"channels": []})) == []
    assert looked_up(provider) == []


def test_a_thread_is_answered_in_the_thread(tmp_path, provider):
    async def test():
        async with running(tmp_path, "discord", provider) as beside:
            await eventually(lambda: bool(provider.identified))
            await asyncio.to_thread(provider.thread, THREAD, CHANNEL)
            await asyncio.to_thread(provider.writes, "a question", NELLY, channel_id=THREAD, guild_id="88")
            await eventually(lambda: texts(beside.hub) == ["a question"])
            assert rows(beside.hub, "SELECT thread, visibility FROM routes") == [(THREAD, "public")]
            await beside.say("an answer")
            await eventually(lambda: beside.statuses() == ["accepted"])
            ((_, sent),) = provider.sent.items()
            assert (sent["channel_id"], sent["content"]) == (THREAD, "an answer")
            await asyncio.to_thread(provider.writes, "beside it", NELLY, channel_id=CHANNEL, guild_id="88")
            await eventually(lambda: "beside it" in texts(beside.hub))
            assert len(beside.conversations()) == 2

    asyncio.run(test())
