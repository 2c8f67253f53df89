"""WSGI under ASGI: the Flask application in a bounded pool of threads. Source: PEP 3333.

A thread is held only while the application works: small bodies are gathered beforehand, and an answer that streams is
pulled piece by piece as fast as its client takes it. `a2wsgi`, which keeps a thread for each response, was measured at
two and a half times the cost (docs/adr/0004-one-server.md).
"""

import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO, RawIOBase
from typing import Any

from gateway.api.problems import Code, Problem, overloaded
from gateway.web.asgi import HANG_UP, Disconnected, Headers, Receive, Scope, Send, header, linger, turn_away

THREADS = 32
MOST = 256
"""Requests in hand at a time, those that wait for a thread among them; further ones get 503."""
GATHERED = 64 << 10
"""Octets of a body gathered before the application sees it; the rest it reads as it comes."""
PIECE = 64 << 10
"""Octets of a streamed answer per turn of a thread."""
PATIENCE = 30.0
"""Seconds for what is gathered, and for each further piece."""
WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Bridge:
    def __init__(self, application: WSGI) -> None:
        self._application = application
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="api")
        self._in_hand = 0

    def close(self) -> None:
        """Finishes what is in hand. Blocks."""
        self._pool.shutdown()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await gather(scope, receive)
            response = await self._begin(environ(scope, body))
        except Problem as problem:
            await turn_away(receive, send, problem)
        except Disconnected:
            return
        else:
            await self._send(response, send, receive if isinstance(body, Upload) and body.unread else None)

    async def _begin(self, values: dict[str, Any]) -> "_Response":
        """The application's answer, begun. Raises Problem."""
        if self._in_hand >= MOST:
            raise overloaded(f"{MOST} requests are in hand")
        self._in_hand += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, _Response, self._application, values)
        finally:
            self._in_hand -= 1

    async def _send(self, response: "_Response", send: Send, unread: Receive | None) -> None:
        """`unread`: what is left of a body that the application did not want; its sender is hung up on."""
        loop = asyncio.get_running_loop()
        headers = [*response.headers, HANG_UP] if unread else response.headers
        try:
            await send({"type": "http.response.start", "status": response.status, "headers": headers})
            piece, more = response.first
            await send({"type": "http.response.body", "body": piece, "more_body": more or unread is not None})
            while more:
                piece, more = await loop.run_in_executor(self._pool, response.piece)
                await send({"type": "http.response.body", "body": piece, "more_body": more or unread is not None})
            if unread:
                await linger(unread)
                await send({"type": "http.response.body", "body": b""})
        finally:
            if not response.closed:
                await loop.run_in_executor(self._pool, response.close)


class _Response:
    """The application's answer to one request: begun in a thread, its first piece in hand."""

    status: int
    headers: Headers

    def __init__(self, application: WSGI, environ: dict[str, Any]) -> None:
        self.closed = False
        self._given = application(environ, self._start)
        self._pieces: Iterator[bytes] = iter(self._given)
        self.first = self.piece()

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        if exc_info:
            raise exc_info[1].with_traceback(exc_info[2])
        self.status = int(status[:3])
        self.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return _no_write

    def piece(self) -> tuple[bytes, bool]:
        """The next octets, and whether more may follow."""
        gathered = bytearray()
        for octets in self._pieces:
            gathered += octets
            if len(gathered) >= PIECE:
                return bytes(gathered), True
        self.close()
        return bytes(gathered), False

    def close(self) -> None:
        self.closed = True
        close = getattr(self._given, "close", None)
        if close:
            close()


class Upload(RawIOBase):
    """The body of a request as a file for a thread; reads on the loop what has not come yet."""

    def __init__(self, begun: bytes, receive: Receive, loop: asyncio.AbstractEventLoop) -> None:
        self._rest = memoryview(begun)
        self._receive = receive
        self._loop = loop
        self._more = True

    @property
    def unread(self) -> bool:
        """Whether more of it is to come."""
        return self._more

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Raises OSError where the client went away or fell silent."""
        while not self._rest and self._more:
            message = asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
            if message["type"] == "http.disconnect":
                raise ConnectionResetError("the client went away")
            self._rest = memoryview(message.get("body", b""))
            self._more = message.get("more_body", False)
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)

    async def _next(self) -> Any:
        async with asyncio.timeout(PATIENCE):
            return await self._receive()


async def gather(scope: Scope, receive: Receive) -> BytesIO | Upload:
    """A small body whole; of a larger one at most the beginning. Raises Problem (408), Disconnected."""
    loop = asyncio.get_running_loop()
    length = header(scope, b"content-length")
    if length is not None and length.isdecimal() and int(length) > GATHERED:
        return Upload(b"", receive, loop)  # unread until the application wants it
    begun, more = bytearray(), True
    try:
        async with asyncio.timeout(PATIENCE):
            while more and len(begun) <= GATHERED:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Disconnected
                begun += message.get("body", b"")
                more = message.get("more_body", False)
    except TimeoutError:
        raise Problem(408, Code.SLOW, f"the body did not come within {PATIENCE:.0f} seconds") from None
    return Upload(bytes(begun), receive, loop) if more else BytesIO(bytes(begun))


def environ(scope: Scope, body: BytesIO | Upload) -> dict[str, Any]:
    """The request as PEP 3333 has it. Headers with an underscore are left out: they would pass for others."""
    server, client = scope.get("server") or ("", 0), scope.get("client") or ("", 0)
    query = scope["query_string"].decode("latin-1")
    target = scope["raw_path"].decode("latin-1")
    values: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": f"{target}?{query}" if query else target,
        "SERVER_NAME": server[0] or "",
        "SERVER_PORT": str(server[1] or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for field, octets in scope["headers"]:
        if b"_" in field:
            continue
        name, value = field.decode("latin-1").upper().replace("-", "_"), octets.decode("latin-1")
        name = name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def _no_write(_: bytes) -> None:
    raise NotImplementedError("give an iterable instead of calling write")
