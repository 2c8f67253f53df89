"""Waits that last too long end; others do not."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from gateway.web.patience import Patience


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


def test_a_wait_that_lasts_too_long_ends_with_a_timeout() -> None:
    async def test() -> None:
        patience = Patience(0.1)
        with pytest.raises(TimeoutError), patience:
            await asyncio.sleep(60)
        await asyncio.sleep(0)  # the task is not cancelled any more

    run(test)


def test_one_late_wait_ends_no_other() -> None:
    async def test() -> None:
        patience = Patience(0.5)
        started = asyncio.get_running_loop().time()

        async def wait(begins: float, lasts: float) -> str:
            await asyncio.sleep(begins)
            try:
                with patience:
                    await asyncio.sleep(lasts)
            except TimeoutError:
                return "late"
            return "in time"

        waits = [wait(0, 60), wait(0, 0.1), wait(0.9, 0.2), wait(0.6, 60)]
        assert await asyncio.gather(*waits) == ["late", "in time", "in time", "late"]
        assert asyncio.get_running_loop().time() - started < 10

    run(test)


def test_a_cancellation_by_somebody_else_stays_one() -> None:
    async def test() -> None:
        patience = Patience(60)

        async def wait() -> None:
            with patience:
                await asyncio.sleep(60)

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(test)


def test_an_error_within_is_the_error_that_is_heard() -> None:
    async def test() -> None:
        with pytest.raises(ValueError, match="mine"), Patience(60):
            raise ValueError("mine")

    run(test)
