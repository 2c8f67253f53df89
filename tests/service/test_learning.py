"""Keys that plugins lack are fetched once for all who wait, one at a time, and few within a minute."""

import asyncio
from types import SimpleNamespace

import pytest

from connectors.kit.errors import BadSignature, Misconfigured, Refused, Temporary
from gateway.learning import Learning
from gateway.store.writer import Overloaded


class Locksmith:
    """Fetches whatever it is asked for, once it is let; fails where it was told to."""

    def __init__(self, failure=None):
        self.asked, self.kept, self.failure = [], {}, failure
        self.let = asyncio.Event()

    async def fetch_key(self, name):
        self.asked.append(name)
        await self.let.wait()
        if self.failure is not None:
            raise self.failure
        return name.encode()

    def keep_key(self, name, octets):
        self.kept[name] = octets


def connector(plugin, name="support"):
    return SimpleNamespace(id=name, plugin=plugin)


def test_all_that_wait_for_a_key_wait_for_one_fetch():
    async def test():
        learning, plugin = Learning(), Locksmith()
        waiting = [asyncio.create_task(learning.learn(connector(plugin), "a")) for _ in range(5)]
        await asyncio.sleep(0)
        waiting[0].cancel()  # who goes away takes nothing from the others
        with pytest.raises(Overloaded, match="another key"):
            await learning.learn(connector(plugin), "b")
        plugin.let.set()
        done = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(one) for one in done] == [asyncio.CancelledError, *[type(None)] * 4]
        assert (plugin.asked, plugin.kept) == (["a"], {"a": b"a"})
        await learning.learn(connector(plugin), "b")
        assert plugin.kept == {"a": b"a", "b": b"b"}

    asyncio.run(test())


def test_few_keys_are_fetched_within_a_while_for_each_connector():
    async def test():
        learning, plugin = Learning(most=2, within=60), Locksmith()
        plugin.let.set()
        for name in "ab":
            await learning.learn(connector(plugin), name)
        with pytest.raises(Overloaded, match="too many"):
            await learning.learn(connector(plugin), "c")
        await learning.learn(connector(plugin, "other"), "c")
        assert plugin.asked == ["a", "b", "c"]
        swift = Learning(most=1, within=0)
        for name in "de":
            await swift.learn(connector(plugin), name)

    asyncio.run(test())


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (Temporary("no connection"), Overloaded),
        (TimeoutError(), Overloaded),
        (Refused("no such key"), BadSignature),
        (Misconfigured("nothing there"), BadSignature),
    ],
)
def test_who_sent_it_hears_whether_to_come_again(failure, error):
    async def test():
        plugin = Locksmith(failure)
        plugin.let.set()
        with pytest.raises(error):
            await Learning().learn(connector(plugin), "a")
        assert plugin.kept == {}

    asyncio.run(test())


def test_a_plugin_that_learns_nothing_is_asked_for_nothing():
    with pytest.raises(BadSignature, match="nobody can learn"):
        asyncio.run(Learning().learn(connector(object()), "a"))
