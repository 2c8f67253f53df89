"""A small server of HTTP/2 without TLS, for the simulator."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Self

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, RequestReceived, StreamEnded, WindowUpdated
from h2.exceptions import ProtocolError

from connectors.kit.fixtures import WireRequest
from connectors.kit.testing.simulator import Failure, Reply, reset

ENDS: Final = frozenset({Failure.RESET, Failure.LOST_ANSWER})
Met = Callable[[WireRequest], Awaitable[tuple[Reply, Failure | None]]]


class _Connection(asyncio.Protocol):
    def __init__(self, met: Met, opened: Callable[[], None], open_: set["_Connection"]) -> None:
        self._met, self._opened, self._open = met, opened, open_
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._streams: dict[int, tuple[dict[str, str], bytearray]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wider = asyncio.Event()
        """The other side takes more than it did."""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open.add(self)
        self._opened()
        self._h2.initiate_connection()
        self._flush()

    def connection_lost(self, _error: Exception | None) -> None:
        self._open.discard(self)
        for task in self._tasks:
            task.cancel()

    def end(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            events = self._h2.receive_data(data)
        except ProtocolError:
            self._flush()
            self.end()
            return
        for event in events:
            if isinstance(event, RequestReceived):
                self._streams[event.stream_id] = (dict(event.headers), bytearray())  # type: ignore[arg-type]
            elif isinstance(event, DataReceived):
                self._streams[event.stream_id][1].extend(event.data)
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, WindowUpdated):
                self._wider.set()
            elif isinstance(event, StreamEnded):
                task = asyncio.get_running_loop().create_task(self._answer(event.stream_id))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        self._flush()

    async def _answer(self, stream: int) -> None:
        headers, body = self._streams.pop(stream)
        named = {name: text for name, text in headers.items() if not name.startswith(":")}
        reply, failure = await self._met(WireRequest(headers[":method"], headers[":path"], named, bytes(body)))
        if failure in ENDS:
            reset(self._transport)
            return
        told = [(":status", str(reply.status)), *reply.headers.items()]
        try:
            self._h2.send_headers(stream, told, end_stream=not reply.body)
            await self._say(stream, memoryview(reply.body))
        except ProtocolError:  # whoever asked is gone
            return
        self._flush()

    async def _say(self, stream: int, body: memoryview) -> None:
        """In frames, as fast as they are taken (RFC 9113 §5.2)."""
        while body:
            self._wider.clear()
            room = min(self._h2.local_flow_control_window(stream), self._h2.max_outbound_frame_size)
            if room > 0:
                self._h2.send_data(stream, bytes(body[:room]), end_stream=len(body) <= room)
                body = body[room:]
            self._flush()
            if room <= 0:
                await self._wider.wait()

    def go_away(self) -> None:
        """Says that it will take no more."""
        self._h2.close_connection(ErrorCodes.NO_ERROR)
        self._flush()

    def _flush(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._h2.data_to_send())


class Server:
    """Listens on a port of its own, until `cleanup`."""

    def __init__(self, server: asyncio.Server, open_: set[_Connection]) -> None:
        self._server, self._open = server, open_

    @classmethod
    async def start(cls, met: Met, opened: Callable[[], None]) -> Self:
        open_: set[_Connection] = set()
        loop = asyncio.get_running_loop()
        return cls(await loop.create_server(lambda: _Connection(met, opened, open_), "127.0.0.1", 0), open_)

    @property
    def addresses(self) -> list[Any]:
        return [socket.getsockname() for socket in self._server.sockets]

    async def cleanup(self) -> None:
        self._server.close()
        for connection in list(self._open):
            connection.end()
        await self._server.wait_closed()
