"""Many clients, and one that does not read: neither costs the others anything."""

import asyncio
import json
import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.chat.talk import APP, answer, live, make_hub, token
from tests.end_to_end.hub_process import HubProcess
from tests.web.parrot import serving

CROWD = 1_000
MOST_OCTETS = 30 << 10
"""Of memory for an idle client (DESIGN: 30 KB)."""


def resident(process: HubProcess) -> int:
    """Octets of memory a hub holds."""
    assert process.process
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) << 10


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    process = HubProcess(tmp_path)
    settings = json.loads(process.config.read_text())
    chat = {**APP, "messages_per_minute": 100_000, "sessions_per_minute": 100_000}
    process.config.write_text(json.dumps({**settings, "connectors": {"app": chat}}))
    with process:
        yield process


async def _client(hub: HubProcess, n: int) -> ClientConnection:
    where = f"ws{hub.url.removeprefix('http')}/chat/app/socket"
    client = await connect(where, compression=None, ping_interval=None, open_timeout=60)
    await client.send(json.dumps({"type": "hello", "token": token(f"u{n}")}))
    await _until(client, "live")
    return client


async def _until(client: ClientConnection, type_: str) -> str:
    async with asyncio.timeout(30):
        while json.loads(frame := await client.recv(decode=False))["type"] != type_:
            pass
    return str(frame, "utf-8")


async def _crowd(hub: HubProcess, count: int, first: int = 0) -> list[ClientConnection]:
    clients = []
    for start in range(first, first + count, 50):
        clients += await asyncio.gather(*(_client(hub, n) for n in range(start, min(start + 50, first + count))))
    return clients


def test_a_thousand_idle_clients_cost_little_and_hear_only_what_is_theirs(hub: HubProcess) -> None:
    async def run() -> None:
        few = await _crowd(hub, 50)  # what is loaded and reserved once is not theirs
        before = resident(hub)
        crowd = await _crowd(hub, CROWD, 50)
        assert (resident(hub) - before) / CROWD <= MOST_OCTETS
        one = crowd[CROWD // 2]
        begun = time.monotonic()
        await one.send(json.dumps({"type": "message", "client_id": "m-1", "text": "anybody?"}))
        assert "anybody?" in await _until(one, "message")
        assert time.monotonic() - begun < 5
        for other in (crowd[0], crowd[-1]):
            await other.send('{"type":"ping"}')
            assert json.loads(await other.recv())["type"] == "pong"  # and nothing before it
        await asyncio.gather(*(client.close() for client in [*few, *crowd]))

    asyncio.run(run())


def test_a_client_that_does_not_read_is_dropped_and_misses_nothing(tmp_path: Path) -> None:
    with serving(make_hub(tmp_path, messages_per_minute=100_000), heartbeat=1.0) as served:
        with live(served, token()) as device:
            ack = device.write("first", "m-0")
            device.until_texts("first")
        with _deaf(served.port):
            for n in range(100):
                answer(served, ack["conversation"], f"{n} " + "x" * 50_000)
            end = time.monotonic() + 20
            while (left := _sockets(served.port)) and time.monotonic() < end:
                time.sleep(0.1)
            assert left == []
        with live(served, token(), device.after) as back:
            numbers = [text.split(" ")[0] for text in back.texts()]
            assert numbers == [str(n) for n in range(100 - len(numbers), 100)]
            assert len(numbers) >= 20


def _deaf(port: int) -> socket.socket:
    """A client that says hello, and reads nothing from then on."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(("127.0.0.1", port))
    hello = json.dumps({"type": "hello", "token": token()}).encode()
    mask = os.urandom(4)
    masked = bytes(octet ^ mask[at % 4] for at, octet in enumerate(hello))
    assert 126 <= len(hello) < 65_536
    deaf.sendall(
        b"GET /chat/app/socket HTTP/1.1\r\nHost: hub\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert deaf.recv(1024).startswith(b"HTTP/1.1 101")
    deaf.sendall(b"\x81\xfe" + len(hello).to_bytes(2, "big") + mask + masked)
    return deaf


def _sockets(port: int) -> list[str]:
    """Connections to the server that are established, by the system's own list."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    here = f"0100007F:{port:04X}"
    return [line for line in lines if line.split()[1] == here and line.split()[3] == "01"]
