"""Chats that stay open: `python -m benchmarks.streams`, a part of `make bench`.

Two questions. How much memory does an idle chat take: so many customers are signed in and connected, and say nothing?
And how soon does an answer stand on a customer's screen: of so many who wrote, each gets one over the API, at a steady
rate, while all the others are connected too? Several rates in one run show where it ends.
"""

import argparse
import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import jwt
import uvloop

from benchmarks.contenders import Running, free_port, serving
from benchmarks.ingest import machine
from benchmarks.load import LOAD_CORE
from gateway.keys import Scope, create_key
from gateway.store.engine import open_store

HERE = Path(__file__).parent
RESULT = HERE / "results" / "streams.json"
MOST_IDLE_KB = 30.0
SECRET = "benchmark-of-no-real-app-00000001"  # noqa: S105 - of an app that does not exist
HUB_FILE = """\
public_url: http://127.0.0.1:{port}
listen: 127.0.0.1:{port}
store: sqlite:///hub.db
files: ./files
connectors:
  app: {{plugin: chat, jwt_secret: "{secret}", sessions_per_minute: 100000}}
"""
AT_ONCE = 64
"""Connections that are opened, and customers who write, at a time."""
PATIENCE = 120.0
SETTLE = 3.0
METHOD = (
    "Hub on core 0, customers on core 1. idle_kb: growth of the hub's resident memory (VmRSS) from none to all"
    " connected, divided by their number. screen_ms: from the call of POST /v1/messages to the frame at the customer's"
    " socket, of each rate in turn; answered_rps: such calls a second, an accepted message each. Every connected"
    " customer is signed in by a JWT of their own."
)


@dataclass
class Customer:
    number: int
    socket: aiohttp.ClientWebSocketResponse
    frames: "asyncio.Queue[dict[str, Any]]" = field(default_factory=asyncio.Queue)
    conversation: str = ""


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--sockets", type=int, default=10_000)
    wanted.add_argument("--answered", type=int, default=5_000, help="customers who write, and are answered")
    wanted.add_argument("--rates", type=float, nargs="+", default=[100.0, 200.0, 400.0], help="answers a second")
    told = wanted.parse_args()
    _allow_files(told.sockets + 1_000)
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    with _hub() as server:
        seen = uvloop.run(_measured(server, told.sockets, told.answered, told.rates))
    result = {**seen, "method": METHOD, "machine": machine("uvicorn", "uvloop", "websockets", "msgspec")}
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(seen, indent=2))
    met = "met" if seen["idle_kb"] <= MOST_IDLE_KB else "missed"
    print(f"idle_kb: {seen['idle_kb']} (budget {MOST_IDLE_KB}, {met})")


async def _measured(server: Running, sockets: int, answered: int, rates: Sequence[float]) -> dict[str, Any]:
    base, key = f"http://127.0.0.1:{server.port}", _key(server)
    connections = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connections, headers={"authorization": f"Bearer {key}"}) as session:
        empty = server.memory()
        began = time.perf_counter()
        customers = await _open(session, base, sockets)
        opened = time.perf_counter() - began
        await asyncio.sleep(1)
        idle = server.memory() - empty
        readers = [asyncio.create_task(_read(customer)) for customer in customers]
        slots = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(_write(customer, slots) for customer in customers[:answered]))
        fan_out = []
        for rate in rates:
            await asyncio.sleep(SETTLE)  # what went before is done with
            fan_out.append(await _answered(session, base, customers[:answered], rate))
        for reader in readers:
            reader.cancel()
    return {
        "sockets": sockets,
        "idle_kb": round(idle / sockets / 1024, 1),
        "opened_rps": round(sockets / opened),
        "answered": answered,
        "fan_out": fan_out,
    }


async def _open(session: aiohttp.ClientSession, base: str, count: int) -> list[Customer]:
    """So many customers, connected and caught up."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> Customer:
        async with slots:
            socket = await session.ws_connect(f"{base}/chat/app/socket", timeout=aiohttp.ClientWSTimeout(ws_close=5))
            await socket.send_json({"type": "hello", "token": _token(number), "after": None})
            while (await socket.receive_json(timeout=PATIENCE))["type"] != "live":
                pass
            return Customer(number, socket)

    return list(await asyncio.gather(*map(one, range(count))))


async def _read(customer: Customer) -> None:
    async for message in customer.socket:
        customer.frames.put_nowait(json.loads(message.data))


async def _write(customer: Customer, slots: asyncio.Semaphore) -> None:
    """Says something, and hears that it was taken."""
    said = {"type": "message", "client_id": f"c{customer.number}", "text": "Is anybody there?"}
    async with slots:
        await customer.socket.send_json(said)
        frame = await _next(customer, "ack")
    customer.conversation = frame["conversation"]


async def _answered(
    session: aiohttp.ClientSession, base: str, customers: Sequence[Customer], rate: float
) -> dict[str, float]:
    """Answers each, so many a second; how many a second it became, and how late the customers had them."""
    began, late = time.perf_counter(), []

    async def one(index: int, customer: Customer) -> None:
        await asyncio.sleep(max(0.0, began + index / rate - time.perf_counter()))
        at, text = time.perf_counter(), f"Yes, {customer.number}, at {rate}."
        body = {"conversation_id": customer.conversation, "text": text}
        async with session.post(f"{base}/v1/messages", json=body) as answer:
            answer.raise_for_status()
            while (await _next(customer, "message"))["message"]["text"] != text:
                pass
            late.append(time.perf_counter() - at)

    await asyncio.gather(*(one(index, customer) for index, customer in enumerate(customers)))
    took = time.perf_counter() - began
    late.sort()
    return {
        "asked_rps": rate,
        "answered_rps": round(len(late) / took),
        "screen_p50_ms": round(late[len(late) // 2] * 1e3, 1),
        "screen_p99_ms": round(late[int(len(late) * 0.99)] * 1e3, 1),
    }


async def _next(customer: Customer, type_: str) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        while (frame := await customer.frames.get())["type"] != type_:
            if frame["type"] == "error":
                raise SystemExit(f"the hub refused: {frame}")
    return frame


def _token(number: int) -> str:
    return jwt.encode({"sub": str(number), "exp": int(time.time()) + 86_400}, SECRET, algorithm="HS256")


@contextmanager
def _hub() -> Iterator[Running]:
    port = free_port()
    with TemporaryDirectory(dir=HERE, prefix="round-") as made:
        folder = Path(made)
        config = folder / "onethread.yaml"
        config.write_text(HUB_FILE.format(port=port, secret=SECRET))
        command = [sys.executable, "-m", "gateway.cli", "serve", "--config", str(config)]
        with serving("hub", port, folder, command) as server:
            yield server


def _key(server: Running) -> str:
    engine = open_store(f"sqlite:///{server.store}")
    try:
        return create_key(engine, "bench", [Scope.WRITE])[0]
    finally:
        engine.dispose()


def _allow_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        if hard != resource.RLIM_INFINITY and hard < count:
            raise SystemExit(f"this needs {count} open files; `ulimit -Hn` says {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


if __name__ == "__main__":
    main()
