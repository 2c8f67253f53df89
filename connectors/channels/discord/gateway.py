"""Discord's gateway: one WebSocket that is kept open between polls.

A poll waits for events and gives with them the cursor from which Discord says them again: session and number. Where the
hub asks from another one than was given last, what was given was not recorded, and the session is taken up from there.
Source: docs.discord.com/developers/events/gateway, discord.py on GitHub (read 2026-11).
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from enum import IntEnum
from typing import Any, Final

import aiohttp
import msgspec
from yarl import URL

from connectors.channels.discord.config import Config
from connectors.channels.discord.event import FRAME, Frame
from connectors.channels.discord.parse import READERS
from connectors.kit.errors import BadPayload, Misconfigured, Refused, Temporary
from connectors.kit.guard import GuardedResolver, check_literal, origin_of
from connectors.kit.request import decode
from normalizer.errors import ErrorCode

QUERY: Final = "/?v=10&encoding=json"
LARGEST: Final = 4 << 20
"""Octets of a frame."""
MOST: Final = 100
"""Events of a poll."""
SOON: Final = 0.05
"""Seconds in which what follows is taken along."""
OPENING: Final = 20.0
FATAL: Final = {
    4004: "the token is not taken",
    4010: "it knows no such shard: see the setting `shards`",
    4011: "the bot is in too many servers for its shards: see the setting `shards`",
    4013: "intents are wrong",
    4014: "an intent is not allowed",
}
PRIVATE: Final = 1 << 12 | 1 << 13
"""Private messages and reactions to them."""
SERVERS: Final = 1 << 0 | 1 << 9 | 1 << 10 | 1 << 15
"""Servers, messages in them, reactions to those, and what they say."""


class Op(IntEnum):
    """What a frame is."""

    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    RESUME = 6
    RECONNECT = 7
    INVALID = 9
    HELLO = 10
    ACKNOWLEDGED = 11


class Cursor(msgspec.Struct, frozen=True):
    session: str
    url: str
    number: int


class Ready(msgspec.Struct, frozen=True):
    session_id: str
    resume_gateway_url: str


class Hello(msgspec.Struct, frozen=True):
    heartbeat_interval: float
    """Milliseconds."""


CURSOR = msgspec.json.Decoder(Cursor)
READY = msgspec.json.Decoder(Ready)
HELLO_FRAME = msgspec.json.Decoder(Hello)


Turn = Callable[[int], AbstractAsyncContextManager[str]]


class Closed(Temporary):
    """The connection ended; another one goes on where it stopped."""


class Gateway:
    """One connection. Used by one poll at a time."""

    def __init__(self, turn: Turn, config: Config, learn: Callable[[Frame], None], shard: tuple[int, int]) -> None:
        self._turn = turn
        """Tells where the gateway is, once this connection may begin a session there."""
        self._config = config
        self._learn = learn
        """Is shown every event."""
        self._shard = shard
        """Its number, and of how many."""
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._beating: asyncio.Task[None] | None = None
        self._heard = True
        self._cursor: Cursor | None = None
        """Up to where frames were given out."""
        self._began: Cursor | None = None
        """Where the session began that took the place of a lost one, or of none."""
        self._lost = ""

    def __repr__(self) -> str:
        return "Gateway(***)"

    async def frames(self, asked: Cursor | None) -> tuple[list[Frame], Cursor]:
        """Events that came after the cursor, as they came, and the next cursor. Raises Temporary, Misconfigured."""
        if asked is None or asked.session == self._lost:
            asked = self._began
        if self._socket is None or self._socket.closed or asked != self._cursor:
            await self.close()
            if asked is None:
                async with self._turn(self._shard[0]) as url:
                    await self._open(url, None)
            else:
                await self._open(asked.url, asked)
        try:
            found = await self._collect()
        except Closed:
            await self.close()
            raise
        assert self._cursor is not None
        return found, self._cursor

    async def close(self) -> None:
        """With a number that lets the session be taken up again. Raises nothing."""
        beating, socket, http = self._beating, self._socket, self._http
        self._beating = self._socket = self._http = None
        try:
            if beating is not None:
                beating.cancel()
                await asyncio.gather(beating, return_exceptions=True)
            with suppress(aiohttp.ClientError, OSError, TimeoutError):
                if socket is not None:
                    await socket.close(code=4000)
        finally:
            if http is not None:
                await http.close()

    async def _open(self, url: str, cursor: Cursor | None) -> None:
        try:
            async with asyncio.timeout(OPENING):
                await self._connect(URL(f"{url.rstrip('/')}{QUERY}"))
                hello = decode(bytes((await self._next()).d), HELLO_FRAME)
                self._heard = True
                self._beating = asyncio.create_task(self._beat(max(hello.heartbeat_interval / 1000, 1.0)))
                self._cursor = cursor
                await (self._identify() if cursor is None else self._resume(cursor))
        except (aiohttp.ClientError, OSError, TimeoutError, BadPayload, Refused) as error:
            await self.close()
            raise Temporary(f"no connection to the gateway: {type(error).__name__}") from None
        except (Temporary, Misconfigured):
            await self.close()
            raise

    async def _connect(self, url: URL) -> None:
        plain = url.with_scheme("https" if url.scheme == "wss" else "http")
        guarded = origin_of(plain) != origin_of(URL(self._config.api_base))
        if guarded:
            check_literal(plain)
        resolver = aiohttp.ThreadedResolver()
        connector = aiohttp.TCPConnector(resolver=GuardedResolver(resolver) if guarded else resolver)
        self._http = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
        self._socket = await self._http.ws_connect(url, max_msg_size=LARGEST, autoping=True)

    async def _identify(self) -> None:
        """A new session; it begins with its name."""
        intents = PRIVATE | (SERVERS if self._config.channels else 0)
        properties = {"os": "linux", "browser": "onethread", "device": "onethread"}
        token = self._config.bot_token.reveal()
        shard = {"shard": self._shard} if self._shard[1] > 1 else {}
        await self._say(Op.IDENTIFY, {"token": token, "intents": intents, "properties": properties, **shard})
        while self._cursor is None:
            self._note(await self._next())
        self._began = self._cursor

    async def _resume(self, cursor: Cursor) -> None:
        token = self._config.bot_token.reveal()
        await self._say(Op.RESUME, {"token": token, "session_id": cursor.session, "seq": cursor.number})

    async def _collect(self) -> list[Frame]:
        found: list[Frame] = []
        wait = self._config.poll_seconds
        while len(found) < MOST:
            try:
                async with asyncio.timeout(wait):
                    frame = await self._next()
            except TimeoutError:
                break
            if self._note(frame):
                found.append(frame)
                wait = SOON
        return found

    def _note(self, frame: Frame) -> bool:
        """Whether it is an event to be read; moves the cursor either way."""
        if frame.op != Op.DISPATCH or frame.s is None:
            return False
        if frame.t == "READY":
            ready = decode(bytes(frame.d), READY)
            self._cursor = Cursor(ready.session_id, ready.resume_gateway_url, frame.s)
        elif self._cursor is not None:
            self._cursor = msgspec.structs.replace(self._cursor, number=frame.s)
        self._learn(frame)
        return frame.t in READERS

    async def _next(self) -> Frame:
        """The next frame that is no housekeeping. Raises Closed, Misconfigured."""
        assert self._socket is not None
        while True:
            came = await self._socket.receive()
            if came.type is not aiohttp.WSMsgType.TEXT:
                raise _ended(self._socket.close_code)
            try:
                frame = decode(came.data.encode("utf-8", "surrogatepass"), FRAME)
            except BadPayload as error:
                raise Closed(f"a frame that cannot be read: {error.detail}") from None
            match frame.op:
                case Op.DISPATCH | Op.HELLO:
                    return frame
                case Op.HEARTBEAT:
                    await self._say(Op.HEARTBEAT, self._number)
                case Op.RECONNECT:
                    raise Closed("the gateway asks for another connection")
                case Op.INVALID:
                    raise self._refused(again=bytes(frame.d) == b"true")
                case Op.ACKNOWLEDGED:
                    self._heard = True

    def _refused(self, *, again: bool) -> Closed:
        if again:
            return Closed("the session is not to be taken up yet")
        self._lost, self._began = self._cursor.session if self._cursor else "", None
        return Closed("the session is over, and another one begins")

    async def _beat(self, interval: float) -> None:
        await asyncio.sleep(interval * random.random())  # noqa: S311 - so that not all bots beat at once
        while self._socket is not None and not self._socket.closed:
            if not self._heard:
                await self._socket.close(code=4000)  # it is dead; what waits for it hears so
                return
            self._heard = False
            with suppress(aiohttp.ClientError, OSError):
                await self._say(Op.HEARTBEAT, self._number)
            await asyncio.sleep(interval)

    @property
    def _number(self) -> int | None:
        return self._cursor.number if self._cursor else None

    async def _say(self, op: int, what: Any) -> None:
        if self._socket is not None:
            await self._socket.send_str(msgspec.json.encode({"op": op, "d": what}).decode())


def _ended(code: int | None) -> Closed | Misconfigured:
    if code in FATAL:
        return Misconfigured(f"the gateway: {FATAL[code]}", code=ErrorCode.AUTH_FAILED, provider_code=str(code))
    return Closed(f"the gateway closed the connection ({code})", provider_code=str(code))
