"""Where the time goes between a request in hand and its commit: `python -m benchmarks.profile_ingest`.

Runs the receiving path in this process, without HTTP: 64 deliveries at a time are verified, parsed, recorded and
answered. Says first, unprofiled, how much CPU each of the two threads spends on a message, then profiles both.
"""

import argparse
import asyncio
import cProfile
import pstats
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import uvloop

from benchmarks.contenders import CONNECTOR, HUB_FILE, PATH, SECRET
from benchmarks.load import CONNECTIONS, update
from connectors.kit.request import Request
from gateway.hub import Hub
from gateway.receive import receive
from gateway.settings import load
from gateway.store.transaction import Transaction

R = TypeVar("R")
HERE = Path(__file__).parent
HEADERS = {
    "host": "127.0.0.1",
    "content-type": "application/json",
    "x-telegram-bot-api-secret-token": SECRET,
}


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--messages", type=int, default=10_000)
    wanted.add_argument("--lines", type=int, default=25, help="how much of each profile to print")
    told = wanted.parse_args()
    with TemporaryDirectory(dir=HERE, prefix="round-") as made:
        config = Path(made) / "onethread.yaml"
        config.write_text(HUB_FILE.format(port=8080, connector=CONNECTOR, secret=SECRET))
        uvloop.run(_measure(Hub(load(config, {})), told.messages, told.lines))


async def _measure(hub: Hub, messages: int, lines: int) -> None:
    numbers = count(100_000_000)
    await hub.start()
    try:
        await _feed(hub, messages // 10, numbers)
        loop_before, writer_before = time.thread_time(), await _on_writer(hub, time.thread_time)
        began = time.perf_counter()
        await _feed(hub, messages, numbers)
        seconds = time.perf_counter() - began
        loop, writer = time.thread_time() - loop_before, await _on_writer(hub, time.thread_time) - writer_before
        print(f"{messages / seconds:.0f} messages/s; a message costs {loop / messages * 1e6:.1f} µs of the event loop")
        print(f"and {writer / messages * 1e6:.1f} µs of the writer's thread, HTTP not counted\n")
        on_loop, on_writer = cProfile.Profile(), cProfile.Profile()
        await _on_writer(hub, on_writer.enable)
        on_loop.enable()
        await _feed(hub, messages, numbers)
        on_loop.disable()
        await _on_writer(hub, on_writer.disable)
    finally:
        await hub.stop()
    for name, profile in (("the event loop", on_loop), ("the writer's thread", on_writer)):
        print(f"--- {name}, {messages} messages")
        pstats.Stats(profile).strip_dirs().sort_stats("tottime").print_stats(lines)


async def _feed(hub: Hub, messages: int, numbers: Iterator[int]) -> None:
    """As many messages, `CONNECTIONS` at a time."""
    left = iter(range(messages))
    await asyncio.gather(*(_sender(hub, left, numbers) for _ in range(CONNECTIONS)))


async def _sender(hub: Hub, left: Iterator[int], numbers: Iterator[int]) -> None:
    connector = hub.connectors[CONNECTOR]
    url = hub.settings.public_url + PATH
    for _ in left:
        request = Request("POST", url, HEADERS, update(next(numbers)), datetime.now(UTC))
        response = await receive(hub, connector, request)
        assert response.status == 200


async def _on_writer(hub: Hub, do: Callable[[], R]) -> R:
    """What a function gives on the writer's thread."""

    def apply(_: Transaction, items: Sequence[None]) -> list[R]:
        return [do() for _ in items]

    return await hub.writer.write(apply, None)


if __name__ == "__main__":
    main()
