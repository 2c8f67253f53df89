"""Buses of each kind, and names on them that are nobody else's."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from gateway.bus.addresses import brokers
from gateway.bus.contract import Bus, Incoming, open_bus
from gateway.bus.rabbit import RabbitBus
from gateway.bus.redis import RedisBus
from tests.bus.proxy import Proxy
from tests.servers import ADDRESSES

RABBIT = ADDRESSES["rabbitmq"]
SECONDS = 60
REDIS = ADDRESSES["redis"]
BUSES = pytest.mark.parametrize(
    "url",
    [
        "memory://",
        pytest.param(RABBIT, marks=pytest.mark.server("rabbitmq")),
        pytest.param(REDIS, marks=pytest.mark.server("redis")),
    ],
    ids=["memory", "rabbitmq", "redis"],
)


def name() -> str:
    return f"onethread.q.test-{uuid4().hex}"


def through(proxy: Proxy) -> str:
    """The broker's address, by way of the proxy."""
    parts = urlsplit(RABBIT)
    return parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{proxy.port}").geturl()


def proxy() -> Proxy:
    parts = urlsplit(RABBIT)
    return Proxy(parts.hostname or "", parts.port or 5672)


@asynccontextmanager
async def running(bus: Bus, *queues: str, inlet: bool = False) -> AsyncIterator[Bus]:
    """The bus at work; the queues are there, and gone afterwards."""
    bus.start()
    try:
        async with asyncio.timeout(SECONDS):
            await bus.ready()
            for queue in queues:
                await bus.declare(queue, inlet=inlet)
        yield bus
    finally:
        await bus.stop()
        await _delete(bus, *queues)


async def _delete(bus: Bus, *queues: str) -> None:
    again = open_bus({RabbitBus: RABBIT, RedisBus: REDIS}.get(type(bus), "memory://"))
    again.start()
    await again.ready()
    for queue in queues:
        await again.delete(queue)
    await again.stop()


def impatient(url: str, patience: float) -> RabbitBus:
    return RabbitBus(brokers(url), patience)


async def send(bus: Bus, queue: str, body: bytes = b"{}", message_id: str = "1", **headers: str) -> None:
    await bus.publish("", queue, body, headers, mandatory=True, message_id=message_id)


async def drained(bus: Bus, queue: str, count: int) -> list[Incoming]:
    """Takes so many messages off a queue."""
    found: list[Incoming] = []
    enough = asyncio.Event()

    async def take(incoming: Incoming) -> None:
        found.append(incoming)
        if len(found) >= count:
            enough.set()

    consuming = bus.consume(queue, take)
    async with asyncio.timeout(SECONDS):
        await enough.wait()
    await consuming.stop()
    return found


def need(program: str) -> str:
    """Where a program is; without it the test is skipped, and fails in continuous integration."""
    if found := shutil.which(program):
        return found
    if os.environ.get("CI"):
        pytest.fail(f"no {program}", pytrace=False)
    pytest.skip(f"no {program}")


async def until(there: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> None:
    """Waits until it is so."""
    async with asyncio.timeout(SECONDS):
        while True:
            found = there()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.01)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for localhost that signed itself, and its key."""
    need("openssl")
    key, own = tmp_path / "key.pem", tmp_path / "own.pem"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    said = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(["openssl", "req", *kind, *said, "-keyout", key, "-out", own], check=True, capture_output=True)
    return key, own
