"""What one process at a time does: taken, renewed, lost, handed back."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from time import monotonic
from typing import Any

from gateway.hub import Hub
from gateway.leases import Holding, Lease, take
from gateway.roles import Role
from gateway.store.engine import writing
from tests.web.parrot import make_hub

NAME = "polling pond"


def run(folder: Path, test: Callable[[Hub], Coroutine[Any, Any, None]]) -> None:
    async def started() -> None:
        hub = make_hub(folder, roles=frozenset({Role.STREAM}))
        await hub.start()
        try:
            await test(hub)
        finally:
            await hub.stop()

    asyncio.run(started())


def rows(hub: Hub) -> list[tuple[str, bool]]:
    """Who has it, and whether for some time."""
    with hub.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT owner, until > 0 FROM leases").all()
    return [(owner, bool(until)) for owner, until in found]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the store rings no bell
            await asyncio.sleep(0.01)


def test_it_is_one_owners_until_it_lapses(tmp_path: Path) -> None:
    async def test(hub: Hub) -> None:
        write = hub.writer.write
        assert await write(take, Lease(NAME, "a", 0.3))
        assert not await write(take, Lease(NAME, "b", 0.3))
        assert await write(take, Lease(NAME, "a", 0.3))
        assert await write(take, Lease("another", "b", 0.3))
        await asyncio.sleep(0.35)
        assert await write(take, Lease(NAME, "b", 60))
        assert not await write(take, Lease(NAME, "a", 60))

    run(tmp_path, test)


def test_two_that_ask_in_one_commit_do_not_both_get_it(tmp_path: Path) -> None:
    async def test(hub: Hub) -> None:
        write = hub.writer.write
        assert await asyncio.gather(write(take, Lease(NAME, "a", 9)), write(take, Lease(NAME, "b", 9))) == [True, False]

    run(tmp_path, test)


def test_only_its_owner_hands_it_back(tmp_path: Path) -> None:
    async def test(hub: Hub) -> None:
        await hub.writer.write(take, Lease(NAME, "a", 60))
        await hub.writer.write(take, Lease(NAME, "b", 0))
        assert rows(hub) == [("a", True)]
        await hub.writer.write(take, Lease(NAME, "a", 0))
        assert rows(hub) == [("", False)]

    run(tmp_path, test)


class Work:
    """Runs until it is cancelled, and knows how many run."""

    def __init__(self) -> None:
        self.running = self.begun = 0

    async def __call__(self) -> None:
        self.running, self.begun = self.running + 1, self.begun + 1
        try:
            await asyncio.Event().wait()
        finally:
            self.running -= 1


def holding(hub: Hub, owner: str, work: Callable[[], Awaitable[None]], seconds: float = 0.6) -> "asyncio.Task[None]":
    return asyncio.create_task(Holding(hub.writer, Lease(NAME, owner, seconds)).do(work))


def test_one_works_and_the_other_takes_over_as_soon_as_it_is_handed_back(tmp_path: Path) -> None:
    async def test(hub: Hub) -> None:
        work = Work()
        one = holding(hub, "a", work, seconds=30)
        await until(lambda: work.running == 1)
        other = holding(hub, "b", work, seconds=30)
        await asyncio.sleep(1.2)
        assert (work.running, work.begun) == (1, 1)
        one.cancel()
        began = monotonic()
        await until(lambda: work.begun == 2)
        assert monotonic() - began < 1.5
        other.cancel()
        await asyncio.gather(one, other, return_exceptions=True)
        assert (work.running, rows(hub)) == (0, [("", False)])

    run(tmp_path, test)


def test_whoever_works_renews(tmp_path: Path) -> None:
    async def test(hub: Hub) -> None:
        work = Work()
        one, other = holding(hub, "a", work), holding(hub, "b", work)
        await asyncio.sleep(2)
        assert work.begun == 1
        for task in (one, other):
            task.cancel()
        await asyncio.gather(one, other, return_exceptions=True)

    run(tmp_path, test)


def test_whoever_lost_it_stops_working_and_leaves_it_to_its_new_owner(tmp_path: Path) -> None:
    async def test(hub: Hub) -> None:
        work = Work()
        one = holding(hub, "a", work)
        await until(lambda: work.running == 1)
        with writing(hub.engine) as connection:
            connection.exec_driver_sql("UPDATE leases SET owner = 'b', until = 9000000000000000")
        await asyncio.wait_for(one, 5)
        assert (work.running, rows(hub)) == (0, [("b", True)])

    run(tmp_path, test)


def test_what_the_work_raises_is_raised_and_the_lease_is_handed_back(tmp_path: Path) -> None:
    async def fails() -> None:
        raise ValueError("no fish")

    async def test(hub: Hub) -> None:
        one = holding(hub, "a", fails)
        await asyncio.wait((one,))
        assert repr(one.exception()) == "ValueError('no fish')"
        assert rows(hub) == [("", False)]

    run(tmp_path, test)
