"""What takes too long ends, and nothing else does."""

import asyncio

import pytest

from gateway.send.within import Within


async def the_word(event: asyncio.Event) -> str:
    await event.wait()
    return "done"


def test_what_takes_too_long_ends_in_a_timeout_and_its_task_goes_on() -> None:
    async def late() -> list[str]:
        within, never = Within(0.05), asyncio.Event()
        told = []
        for _ in range(2):  # the second has its whole time, too
            try:
                await within(the_word(never))
            except TimeoutError:
                told.append("late")
        await asyncio.sleep(0)
        return told

    assert asyncio.run(late()) == ["late", "late"]


def test_of_many_each_has_its_own_time() -> None:
    async def many() -> list[object]:
        within, never = Within(0.2), asyncio.Event()
        first = asyncio.create_task(within(the_word(never)))
        await asyncio.sleep(0.1)
        soon = asyncio.Event()
        second = asyncio.create_task(within(the_word(soon)))
        await asyncio.wait([first])
        assert not second.done()
        soon.set()
        return await asyncio.gather(first, second, return_exceptions=True)

    first, second = asyncio.run(many())
    assert (type(first), second) == (TimeoutError, "done")


def test_what_others_cancel_is_cancelled() -> None:
    async def cancelled() -> bool:
        task = asyncio.create_task(Within(60)(the_word(asyncio.Event())))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return task.cancelled()

    assert asyncio.run(cancelled())


def test_an_error_passes_as_it_is() -> None:
    async def refuse() -> None:
        raise ValueError("no")

    async def refused() -> None:
        await Within(60)(refuse())

    with pytest.raises(ValueError, match="no"):
        asyncio.run(refused())
