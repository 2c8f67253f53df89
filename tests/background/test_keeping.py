"""What connectors keep for themselves: closed, replaced by one of two, by turns, and over a death."""

import asyncio
import base64
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest

from connectors.kit.errors import Misconfigured, Temporary
from connectors.kit.secret import Secret
from connectors.kit.state import LONGEST
from gateway import keeping
from gateway.hub import Hub
from gateway.keeping import Keeping, Kept, forgotten
from gateway.settings.loading import load
from gateway.settings.sealing import VARIABLE, Seal, WrongKey
from gateway.store.engine import open_store
from gateway.store.writer import Writer
from tests.stores import url_of

FIRST, SECOND, THIRD = Secret("the first of three"), Secret("the second of three"), Secret("the third of three")


def key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


@asynccontextmanager
async def process(url: str) -> AsyncIterator[tuple[Writer, Keeping]]:
    """What of a hub's process is asked here: its own writer on its own connections."""
    engine = open_store(url)
    writer = Writer(engine)
    writer.start()
    try:
        yield writer, Keeping(engine, writer)
    finally:
        await asyncio.to_thread(writer.stop)
        engine.dispose()


@asynccontextmanager
async def two(folder: Path) -> AsyncIterator[tuple[Kept, Kept]]:
    """The same connector in two processes."""
    url, seal = url_of(folder / "hub.db"), Seal([Secret(key())])
    async with process(url) as (_, one), process(url) as (_, other):
        yield one.of("x", seal), other.of("x", seal)


def stored(url: str) -> list[tuple[str, str, bytes]]:
    engine = open_store(url)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT connector_id, name, value FROM states ORDER BY 1, 2").all()
    engine.dispose()
    return [(connector, name, bytes(value)) for connector, name, value in rows]


def test_it_is_kept_under_a_name_and_replaced_by_who_knows_what_was_there(tmp_path: Path) -> None:
    async def test() -> None:
        async with two(tmp_path) as (one, other):
            assert await one.read("grant") is None
            assert not await one.replace("grant", FIRST, SECOND)
            assert await one.replace("grant", None, FIRST)
            assert await other.read("grant") == FIRST
            assert not await other.replace("grant", None, SECOND)
            assert not await other.replace("grant", THIRD, SECOND)
            assert await other.replace("grant", FIRST, SECOND)
            assert await one.read("grant") == SECOND
            assert await one.read("another") is None

    asyncio.run(test())


def test_of_two_that_replace_the_same_one_does(tmp_path: Path) -> None:
    async def test() -> None:
        async with two(tmp_path) as (one, other):
            for old, news in ((None, ("a", "b")), (0, ("c", "d"))):
                before = None if old is None else await one.read("grant")
                asked = zip((one, other) * 4, news * 4, strict=True)
                done = await asyncio.gather(
                    *(kept.replace("grant", before, Secret(f"{new}{n}")) for n, (kept, new) in enumerate(asked))
                )
                assert sum(done) == 1
                winner = f"{(news * 4)[done.index(True)]}{done.index(True)}"
                assert await one.read("grant") == await other.read("grant") == Secret(winner)

    asyncio.run(test())


def test_nobody_reads_it_in_the_store_and_another_key_opens_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        url = url_of(tmp_path / "hub.db")
        async with process(url) as (_, store):
            assert await store.of("x", Seal([Secret(key())])).replace("grant", None, FIRST)
            ((connector, name, value),) = stored(url)
            assert (connector, name, FIRST.reveal().encode() in value) == ("x", "grant", False)
            for seal, why in ((Seal(), "is not set"), (Seal([Secret(key())]), "is not the key")):
                with pytest.raises(Misconfigured, match=f"{VARIABLE} {why}") as refused:
                    await store.of("x", seal).read("grant")
                assert FIRST.reveal() not in str(refused.value)

    asyncio.run(test())


def test_a_hub_that_starts_closes_it_under_the_newest_key(tmp_path: Path) -> None:
    path, url = tmp_path / "onethread.yaml", url_of(tmp_path / "hub.db")
    path.write_text(f"store: {url}\nfiles: ./files\n")
    old, new = key(), key()

    async def start(*keys: str) -> None:
        hub = Hub(load(path, {VARIABLE: ",".join(keys)}))
        try:
            await hub.start()
        finally:
            await hub.stop()

    async def test() -> None:
        async with process(url) as (_, store):
            assert await store.of("x", Seal()).replace("grant", None, FIRST)
        assert stored(url)[0][2] == b'{"text":"the first of three"}'
        await start(old)
        closed = stored(url)[0][2]
        await start(new, old)
        assert b"the first" not in closed
        assert stored(url)[0][2] != closed
        with pytest.raises(WrongKey):
            await start(old)
        async with process(url) as (writer, store):
            assert await store.of("x", Seal.of({VARIABLE: new})).read("grant") == FIRST
            assert [await writer.write(forgotten, "x") for _ in range(2)] == [1, 0]
        await start(old)

    asyncio.run(test())


def test_one_at_a_time_has_a_turn_in_whichever_process(tmp_path: Path) -> None:
    inside: list[int] = []

    async def go(kept: Kept) -> None:
        async with kept.turn("grant", 20):
            inside.append(len(inside))
            assert len(inside) == 1
            await asyncio.sleep(0.02)
            inside.clear()

    async def test() -> None:
        async with two(tmp_path) as (one, other):
            await asyncio.gather(*(go(kept) for kept in (one, other) * 2))
            async with one.turn("grant", 20), other.turn("another", 20):
                pass  # of another name it is another turn

    asyncio.run(test())


def test_who_waits_in_vain_comes_again(tmp_path: Path) -> None:
    async def test() -> None:
        async with two(tmp_path) as (one, other), one.turn("grant", 60):
            with pytest.raises(Temporary, match="another process"):
                async with other.turn("grant", 0.3):
                    raise AssertionError("two had a turn")

    asyncio.run(test())


def test_the_end_waits_for_a_turn_that_has_begun(tmp_path: Path) -> None:
    async def change(kept: Kept, begun: asyncio.Event) -> None:
        async with kept.turn("grant", 20):
            begun.set()
            await asyncio.sleep(0.1)  # the provider's answer
            assert await kept.replace("grant", None, FIRST)

    async def test() -> None:
        async with two(tmp_path) as (one, _):
            begun = asyncio.Event()
            changing = asyncio.create_task(change(one, begun))
            await begun.wait()
            await one.settle()
            assert await one.read("grant") == FIRST
            await changing
            with pytest.raises(Temporary, match="ends"):
                async with one.turn("grant", 20):
                    raise AssertionError("a turn began after the end")

    asyncio.run(test())


DYING = """
import asyncio, sys
from connectors.kit.secret import Secret
from gateway.keeping import Keeping
from gateway.settings.sealing import Seal
from gateway.store.engine import open_store
from gateway.store.writer import Writer

async def main():
    engine = open_store(sys.argv[1])
    writer = Writer(engine)
    writer.start()
    kept = Keeping(engine, writer).of("x", Seal())
    assert await kept.replace("grant", None, Secret("the first of three"))
    async with kept.turn("grant", 2.0):
        print("answered", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def test_who_dies_before_it_kept_the_answer_leaves_what_was_there_and_its_turn_lapses(tmp_path: Path) -> None:
    url = url_of(tmp_path / "hub.db")
    open_store(url).dispose()
    dying = subprocess.Popen([sys.executable, "-c", DYING, url], stdout=subprocess.PIPE, text=True)
    try:
        assert dying.stdout is not None
        assert dying.stdout.readline() == "answered\n"
    finally:
        os.kill(dying.pid, signal.SIGKILL)
        dying.wait()
        if dying.stdout is not None:
            dying.stdout.close()

    async def test() -> None:
        async with process(url) as (_, store):
            kept, began = store.of("x", Seal()), monotonic()
            async with kept.turn("grant", 10):
                assert monotonic() - began < 5
                assert await kept.read("grant") == FIRST
                assert await kept.replace("grant", FIRST, SECOND)

    asyncio.run(test())


def test_a_store_in_trouble_is_asked_again_and_then_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(keeping, "LONGEST_PAUSE", 0.01)

    async def test() -> None:
        url = url_of(tmp_path / "hub.db")
        async with process(url) as (writer, store), process(url) as (_, beside):
            one, other = store.of("x", Seal()), beside.of("x", Seal())
            assert await one.replace("grant", None, FIRST)
            await asyncio.to_thread(writer.stop)
            with pytest.raises(Temporary, match="cannot be reached"):
                await one.replace("grant", FIRST, SECOND)
            assert await other.read("grant") == FIRST
            with pytest.raises(ValueError, match="longer than"):
                await other.replace("grant", FIRST, Secret("x" * (LONGEST + 1)))

    asyncio.run(test())
