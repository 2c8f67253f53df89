"""Load: `wrk` as fast as the server answers, and a generator of our own at a fixed rate."""

import asyncio
import gc
import json
import os
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, cast

import uvloop

from benchmarks.contenders import PATH, SECRET

LOAD_CORE = "1"
CONNECTIONS = 64
SCRIPT = Path(__file__).with_name("updates.lua")
TICK = 0.001
PATIENCE = 10.0
BODY = (
    '{"update_id":%09d,"message":{"message_id":%09d,"from":{"id":%09d,"is_bot":false,"first_name":"Mina",'
    '"last_name":"Kim","username":"mina_%09d","language_code":"en"},"chat":{"id":%09d,"first_name":"Mina",'
    '"last_name":"Kim","username":"mina_%09d","type":"private"},"date":1790000000,'
    '"text":"Where is my order? It should have come on Tuesday, and nobody answers the telephone."}}'
)


class Chats(NamedTuple):
    """Who writes, in turn: so many chats, by their numbers, which all have equally many digits."""

    count: int
    first: int = 100_000_000
    apart: int = 1


CHATS = 200
FEW = Chats(CHATS)


@dataclass(frozen=True)
class Flood:
    """What wrk saw."""

    answered: int
    seconds: float
    not_2xx: int
    broken: int
    """Connections refused, reset or timed out."""
    issued: int
    """Requests written; those that were under way when the time was up have no counted answer."""
    p50_ms: float
    p99_ms: float

    @property
    def rps(self) -> float:
        return self.answered / self.seconds


def flood(port: int, seconds: int, first: int, chats: Chats = FEW) -> Flood:
    """As many updates as are answered, numbered from `first`."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is missing; install it with: apt-get install wrk")
    script = ["-s", str(SCRIPT), f"http://127.0.0.1:{port}{PATH}", "--", SECRET, PATH, str(first), *map(str, chats)]
    ran = subprocess.run(
        ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s", *script],
        capture_output=True,
        text=True,
        check=True,
    )
    return Flood(**json.loads(ran.stdout.strip().splitlines()[-1]))


@dataclass
class Paced:
    """What the generator with a fixed rate saw."""

    rate: float
    latencies: list[float] = field(default_factory=list)
    """Seconds from when a request was due, not from when it could leave: a stalled server hides nothing."""
    acknowledged: list[int] = field(default_factory=list)
    refused: int = 0
    when: dict[int, tuple[float, float]] = field(default_factory=dict)
    """By number, when each acknowledged request was due and when its answer came, by the machine's steady clock, which
    is one for all processes."""

    def percentile_ms(self, share: float) -> float:
        return percentile_ms(self.latencies, share)


def percentile_ms(seconds: Sequence[float], share: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3


def paced(port: int, rate: float, seconds: float, first: int) -> Paced:
    """Updates numbered from `first`, evenly at `rate` a second, over as many connections as the flood has."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    gc.disable()
    try:
        return uvloop.run(_pace(port, rate, seconds, first))
    finally:
        gc.enable()
        os.sched_setaffinity(0, before)


class _Connection(asyncio.Protocol):
    """One request at a time, on a connection that stays."""

    def __init__(self, pool: "_Pool") -> None:
        self._pool = pool
        self._due = 0.0
        self._number = 0
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def ask(self, due: float, number: int) -> None:
        self._due, self._number, self._heard = due, number, b""
        self.transport.write(_request(number))

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, end, body = self._heard.partition(b"\r\n\r\n")
        if end and len(body) >= _length(head):
            self._pool.answered(self, self._due, self._number, head[9:10] == b"2")


class _Pool:
    def __init__(self, told: Paced) -> None:
        self.told = told
        self.free: deque[_Connection] = deque()
        self.waiting: deque[tuple[float, int]] = deque()
        self._wanted: int | None = None
        self._complete = asyncio.Event()

    def ask(self, due: float, number: int) -> None:
        if self.free:
            self.free.popleft().ask(due, number)
        else:
            self.waiting.append((due, number))

    def answered(self, connection: _Connection, due: float, number: int, good: bool) -> None:
        at = time.perf_counter()
        self.told.latencies.append(at - due)
        if len(self.told.latencies) == self._wanted:
            self._complete.set()
        if good:
            self.told.acknowledged.append(number)
            self.told.when[number] = due, at
        else:
            self.told.refused += 1
        if self.waiting:
            connection.ask(*self.waiting.popleft())
        else:
            self.free.append(connection)

    async def complete(self, wanted: int) -> None:
        self._wanted = wanted
        if len(self.told.latencies) < wanted:
            await self._complete.wait()


async def _pace(port: int, rate: float, seconds: float, first: int) -> Paced:
    loop = asyncio.get_running_loop()
    pool = _Pool(Paced(rate))
    connections = [
        (await loop.create_connection(lambda: _Connection(pool), "127.0.0.1", port))[1] for _ in range(CONNECTIONS)
    ]
    pool.free.extend(connections)
    began, asked, wanted = time.perf_counter(), 0, int(rate * seconds)
    while asked < wanted:
        now = time.perf_counter()
        while asked < wanted and (due := began + asked / rate) <= now:
            asked += 1
            pool.ask(due, first + asked)
        await asyncio.sleep(TICK)
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await pool.complete(wanted)
    for connection in connections:
        connection.transport.close()
    return pool.told


def update(number: int) -> bytes:
    """The update of that number; `updates.lua` writes the same."""
    chat = 100_000_000 + number % CHATS
    return (BODY % (number, number, chat, chat, chat, chat)).encode()


def _request(number: int) -> bytes:
    body = update(number)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-Telegram-Bot-Api-Secret-Token: {SECRET}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0
