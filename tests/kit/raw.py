"""Servers that behave badly, over real sockets: each connection is a script that reads and writes octets."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from connectors.kit.http import Http

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Connection:
    """One connection of the client; `number` counts from 1."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heads: list[bytes]

    async def request(self) -> bytes:
        """Reads one request and keeps its head; empty when the client has gone."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""
        self.heads.append(head)
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await self.reader.readexactly(int(line.split(b":")[1]))
        return head

    async def answer(self, octets: bytes) -> None:
        self.writer.write(octets)
        await self.writer.drain()

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class Server:
    url: str
    heads: list[bytes] = field(default_factory=list)
    """Of every request, in order."""

    @property
    def lines(self) -> list[str]:
        return [head.split(b"\r\n")[0].decode() for head in self.heads]


Script = Callable[[Connection], Awaitable[None]]


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[Server]:
    """A server on 127.0.0.1 that runs the script for each connection and closes it at the script's end."""
    running: set[asyncio.Task[None]] = set()
    count = 0

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        running.add(task := asyncio.current_task())
        try:
            await script(Connection(count, reader, writer, server.heads))
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client went first
        finally:
            running.discard(task)
            writer.close()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    server = Server(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
    try:
        yield server
    finally:
        listening.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await listening.wait_closed()


async def answering(connection: Connection) -> None:
    """Answers every request well and keeps the connection."""
    while await connection.request():
        await connection.answer(OK)


def run(script: Script, act: Callable[[Http, Server], Awaitable[Any]], **options: Any) -> tuple[Any, Server]:
    """What `act` gave, with the server it met."""

    async def main() -> tuple[Any, Server]:
        async with serving(script) as server:
            http = Http("support", trusted=[server.url], **options)
            try:
                return await act(http, server), server
            finally:
                await http.close()

    return asyncio.run(main())


def once(answer: bytes) -> Script:
    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.answer(answer)

    return script


async def reset(connection: Connection) -> None:
    await connection.request()
    connection.reset()


async def vanish(connection: Connection) -> None:
    await connection.request()


async def hang(connection: Connection) -> None:
    await connection.request()
    await connection.reader.read()


async def trickle(connection: Connection) -> None:
    await connection.request()
    await connection.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        await connection.answer(b"x")
        await asyncio.sleep(0.02)


async def reset_in_the_middle(connection: Connection) -> None:
    await connection.request()
    await connection.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
    await asyncio.sleep(0.05)
    connection.reset()
