"""What a frame goes out by: a WebSocket, or a stream of server-sent events."""

import asyncio
from typing import ClassVar, NamedTuple, Protocol

from gateway.web.asgi import Send
from gateway.web.chat.frames import ErrorTold, Told, told


class Ending(NamedTuple):
    """Why a line is ended: its close code, and what is said before."""

    code: int
    error: Told | None = None


RESTARTED = Ending(1012)
TOO_SLOW = Ending(1013)
SILENT = Ending(4408)
EXPIRED = Ending(4401, told(ErrorTold(code="expired", detail="the token has expired")))


class Line(Protocol):
    """Raises OSError where nobody is at its other end any more."""

    beats: ClassVar[bool]
    """The hub says that it lives, by a frame without a type; else its client does."""

    async def give(self, frame: Told) -> None: ...
    async def end(self, ending: Ending) -> None: ...
    def cut(self) -> None:
        """Ends it without a word, where the client does not even take that."""


class SocketLine:
    """Its client says itself that it lives (`ping`)."""

    beats: ClassVar[bool] = False
    __slots__ = ("_owner", "_send", "cut_off", "ended")

    def __init__(self, send: Send) -> None:
        self._send = send
        self._owner = asyncio.current_task()
        self.ended = False
        self.cut_off = False

    async def give(self, frame: Told) -> None:
        if not self.ended:
            await self._send({"type": "websocket.send", "text": frame.body.decode()})

    async def end(self, ending: Ending) -> None:
        if self.ended:
            return
        if ending.error:
            await self.give(ending.error)
        self.ended = True
        await self._send({"type": "websocket.close", "code": ending.code})

    def cut(self) -> None:
        self.ended = self.cut_off = True
        if self._owner:
            self._owner.cancel()


class StreamLine:
    """https://html.spec.whatwg.org/multipage/server-sent-events.html (read 2026-11)."""

    beats: ClassVar[bool] = True
    __slots__ = ("_send", "over")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def give(self, frame: Told) -> None:
        if not frame.type:
            await self._write(b":\n\n")
            return
        id_ = b"" if frame.cursor is None else b"id: %b\n" % frame.cursor.encode()
        await self._write(b"%bevent: %b\ndata: %b\n\n" % (id_, frame.type.encode(), frame.body))

    async def end(self, ending: Ending) -> None:
        if not self.over.done():
            if ending.error:
                await self.give(ending.error)
            self.cut()

    def cut(self) -> None:
        if not self.over.done():
            self.over.set_result(None)

    async def _write(self, octets: bytes) -> None:
        await self._send({"type": "http.response.body", "body": octets, "more_body": True})
