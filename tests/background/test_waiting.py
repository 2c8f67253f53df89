import asyncio
import sqlite3
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store.writer import Overloaded
from gateway.waiting import Bell, backoff, rounds


@given(failures=st.integers(0, 10_000), first=st.floats(0.01, 10), most=st.floats(10, 10_000))
def test_pauses_double_up_to_the_longest_and_keep_at_least_half(failures: int, first: float, most: float) -> None:
    whole = min(most, first * 2 ** min(max(failures - 1, 0), 60))
    assert whole / 2 <= backoff(failures, first, most) <= whole


def test_a_bell_rung_before_the_sleep_ends_it_and_is_heard_once() -> None:
    async def test() -> None:
        bell = Bell()
        bell.ring()
        began = time.monotonic()
        await bell.sleep(60)
        assert time.monotonic() - began < 1
        await bell.sleep(0.05)
        assert time.monotonic() - began >= 0.05

    asyncio.run(test())


@pytest.mark.parametrize("fault", [ValueError("ours"), Overloaded("busy"), sqlite3.OperationalError("locked")])
def test_a_round_that_fails_is_followed_by_the_next(fault: Exception) -> None:
    async def test() -> None:
        began, again = 0, asyncio.Event()

        async def once() -> None:
            nonlocal began
            began += 1
            if began == 1:
                raise fault
            again.set()
            await asyncio.sleep(60)

        task = asyncio.create_task(rounds("test", once))
        async with asyncio.timeout(3):
            await again.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(test())
