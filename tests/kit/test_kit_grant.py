"""Tokens that a provider replaces at each refresh: renewed in time, once, and never lost on the way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.kit.base import Tools
from connectors.kit.errors import Misconfigured, Temporary
from connectors.kit.grant import NAME, Grant, Tokens, lapsed, lasting
from connectors.kit.http import Http
from connectors.kit.secret import Secret
from connectors.kit.state import State
from connectors.kit.testing.state import Remembered

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Provider:
    """Gives tokens for an hour, and takes each refresh token once."""

    def __init__(self) -> None:
        self.now = NOON
        self.good = "refresh-0"
        self.asked = 0
        self.down = False
        self.begun = asyncio.Event()
        self.answers = asyncio.Event()
        self.answers.set()

    async def renew(self, tokens: Tokens) -> Tokens:
        self.asked += 1
        self.begun.set()
        if self.down:
            raise Temporary("down")
        if tokens.refresh != self.good:
            raise lapsed("support", "the refresh token is used up")
        self.good = f"refresh-{self.asked}"
        await self.answers.wait()
        return lasting(f"access-{self.asked}", self.good, self.now, 3600)

    def grant(self, state: State, renew: Callable[[Tokens], Awaitable[Tokens]] | None = None) -> Grant:
        tools = Tools("support", Http("support"), lambda: self.now, state=state)
        return Grant(tools, renew or self.renew, 5.0)


async def authorised(provider: Provider, state: State) -> Grant:
    grant = provider.grant(state)
    await grant.begin(lasting("access-0", "refresh-0", provider.now, 3600))
    return grant


def test_an_access_token_is_used_until_shortly_before_it_ends():
    async def test() -> None:
        provider = Provider()
        grant = await authorised(provider, Remembered())
        provider.now = NOON + timedelta(minutes=54)
        assert (await grant.access(), provider.asked) == ("access-0", 0)
        provider.now = NOON + timedelta(minutes=56)
        assert [await grant.access() for _ in range(2)] == ["access-1", "access-1"]
        assert provider.asked == 1

    asyncio.run(test())


@pytest.mark.parametrize(("seconds", "ends"), [(3600, timedelta(minutes=55)), (60, timedelta(seconds=54))])
def test_it_is_replaced_before_it_ends(seconds, ends):
    assert lasting("a", "r", NOON, seconds) == Tokens("a", "r", NOON + ends)


def test_many_who_need_it_in_two_processes_renew_it_once():
    async def test() -> None:
        provider, state = Provider(), Remembered()
        await authorised(provider, state)
        provider.now = NOON + HOUR
        one, other = provider.grant(state), provider.grant(state)
        assert await asyncio.gather(*(grant.access() for grant in (one, other) * 3)) == ["access-1"] * 6
        assert provider.asked == 1

    asyncio.run(test())


def test_whoever_goes_away_takes_no_answer_along():
    async def test() -> None:
        provider, state = Provider(), Remembered()
        grant = await authorised(provider, state)
        provider.now = NOON + HOUR
        provider.answers.clear()
        waiting = asyncio.create_task(grant.access())
        await provider.begun.wait()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        provider.answers.set()
        assert await grant.access() == "access-1"
        assert await provider.grant(state).access() == "access-1"
        assert provider.asked == 1

    asyncio.run(test())


def test_a_provider_that_is_down_uses_nothing_up():
    async def test() -> None:
        provider = Provider()
        grant = await authorised(provider, Remembered())
        provider.now, provider.down = NOON + HOUR, True
        for _ in range(2):
            with pytest.raises(Temporary, match="down"):
                await grant.access()
        provider.down = False
        assert await grant.access() == "access-3"

    asyncio.run(test())


def test_one_that_is_refused_before_its_time_is_replaced_but_not_without_end():
    async def test() -> None:
        provider, state = Provider(), Remembered()
        grant = await authorised(provider, state)
        assert grant.refuse(await grant.access())
        assert grant.refuse("access-0")  # of another request with the same token
        assert await grant.access() == "access-1"
        assert not grant.refuse("access-1")
        assert (await grant.access(), provider.asked) == ("access-1", 1)
        provider.now += timedelta(minutes=11)
        assert grant.refuse("access-1")
        assert (await grant.access(), provider.asked) == ("access-2", 2)

    asyncio.run(test())


def test_what_another_process_renewed_or_an_operator_allowed_is_found_when_the_old_one_is_refused():
    async def test() -> None:
        provider, state = Provider(), Remembered()
        grant = await authorised(provider, state)
        await provider.grant(state).begin(lasting("allowed anew", "refresh-0", NOON, 3600))
        assert await grant.access() == "access-0"
        assert grant.refuse("access-0")
        assert (await grant.access(), provider.asked) == ("allowed anew", 0)

    asyncio.run(test())


def test_a_refresh_token_that_was_used_up_is_the_operators_to_replace():
    """As a death between the provider's answer and the commit leaves it."""

    async def test() -> None:
        provider, state = Provider(), Remembered()
        grant = await authorised(provider, state)
        provider.now, provider.good = NOON + HOUR, "what nobody kept"
        with pytest.raises(Misconfigured, match="onethread connectors authorize support"):
            await grant.access()
        provider.good = "refresh-9"
        await provider.grant(state).begin(lasting("access-9", "refresh-9", provider.now, 3600))
        assert await grant.access() == "access-9"

    asyncio.run(test())


@pytest.mark.parametrize(
    ("kept", "why"), [({}, "nobody has authorised it"), ({NAME: "hunter2"}, "cannot be read")], ids=["none", "broken"]
)
def test_without_tokens_it_says_how_to_get_them_and_shows_nothing(kept, why):
    async def test() -> None:
        with pytest.raises(Misconfigured, match=f"{why}.*onethread connectors authorize support") as refused:
            await Provider().grant(Remembered(**kept)).access()
        assert "hunter2" not in f"{refused.value!r}{refused.value.__cause__!r}{refused.value.__context__!r}"

    asyncio.run(test())


def test_who_is_slower_than_its_turn_takes_what_the_quicker_one_kept():
    class Lapsing(Remembered):
        @asynccontextmanager
        async def turn(self, name: str, seconds: float) -> AsyncIterator[None]:  # noqa: ARG002 - nobody waits
            yield

    async def test() -> None:
        provider, state = Provider(), Lapsing()
        await authorised(provider, state)
        provider.now = NOON + HOUR
        quick = lasting("quicker", "r", provider.now, 3600)

        async def slow(tokens: Tokens) -> Tokens:
            await provider.grant(state).begin(quick)
            return await provider.renew(tokens)

        assert await provider.grant(state, slow).access() == "quicker"

    asyncio.run(test())


def test_nothing_of_it_is_shown():
    tokens = lasting("hunter2-access", "hunter2-refresh", NOON, 60)
    grant = Provider().grant(Remembered(grant=tokens.access))
    assert "hunter2" not in f"{tokens!r} {tokens} {grant!r} {Secret('hunter2')!r}"


def test_a_plugin_without_a_store_says_so():
    async def test() -> None:
        grant = Grant(replace(Tools("support", Http("support")), now=lambda: NOON), Provider().renew, 5.0)
        with pytest.raises(Misconfigured, match="no store"):
            await grant.access()

    asyncio.run(test())
