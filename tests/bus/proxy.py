"""What stands between a bus and its broker in a test: it passes everything on, until it is told otherwise."""

import asyncio
import ssl
from contextlib import suppress
from typing import Self

BLOCKED = b"\x00\x0a\x00\x3c" + b"\x0alow memory"
"""connection.blocked (10, 60) with its reason. https://www.rabbitmq.com/docs/connection-blocked (read 2026-11)."""
UNBLOCKED = b"\x00\x0a\x00\x3d"


class Proxy:
    """On the event loop of the test. Frame by frame towards the bus, so that it can be spoken for the broker."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._broker = (host, port)
        self._tls = tls
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._speaks = asyncio.Event()
        self._speaks.set()
        self.refuses = False
        """Whoever connects is cut off."""
        self.deaf = False
        """Nothing of what the bus says comes through."""
        self.connections = 0
        self.heard = 0
        """Octets from the bus."""
        self.stops_at: int | None = None
        """Once so many octets came from the bus, it is cut off in the middle of whatever it says."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Ends every connection at once, as a fallen machine would."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    def hold(self) -> None:
        """Nothing of what the broker says comes through."""
        self._speaks.clear()

    def release(self) -> None:
        self._speaks.set()

    def say(self, method: bytes) -> None:
        """Says it to the bus in the broker's place."""
        frame = b"\x01\x00\x00" + len(method).to_bytes(4, "big") + method + b"\xce"
        for writer in self._writers:
            if writer.get_extra_info("sockname")[1] == self.port:
                writer.write(frame)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self.connections += 1
        try:
            if not self.refuses:
                await self._pass_on(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_broker, to_broker = await asyncio.open_connection(*self._broker)
        self._writers |= {writer, to_broker}
        ways = [asyncio.create_task(self._up(reader, to_broker)), asyncio.create_task(self._down(from_broker, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._writers -= {writer, to_broker}
            to_broker.transport.abort()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await reader.read(65_536):
            self.heard += len(said)
            if self.deaf:
                continue
            writer.write(said)
            await writer.drain()
            if self.stops_at is not None and self.heard >= self.stops_at:
                self.stops_at = None
                self.cut()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readexactly(7)
                rest = await reader.readexactly(int.from_bytes(head[3:], "big") + 1)
                await self._speaks.wait()
                writer.write(head + rest)
                await writer.drain()
