"""One client on a WebSocket, from its hello to its end. Source: https://asgi.readthedocs.io/en/latest/specs/www.html."""

import asyncio
from contextlib import suppress
from typing import Any

import msgspec

from connectors.kit.chat import Caller
from gateway.api.problems import Code, Problem, too_large
from gateway.hub import Hub
from gateway.store.times import now
from gateway.web.asgi import Receive, Send, wire
from gateway.web.chat.asking import Asked
from gateway.web.chat.audience import Audience
from gateway.web.chat.client import Client
from gateway.web.chat.frames import ErrorTold, Frame, History, Pong, told
from gateway.web.chat.history import END, MOST_PAGE, PAGE
from gateway.web.chat.languages import Languages, spoken
from gateway.web.chat.lines import SILENT, Ending, SocketLine
from gateway.web.chat.saying import Hearing, Named, malformed, named
from gateway.web.chat.sessions import welcome
from gateway.web.chat.view import read_cursor

HELLO_SECONDS = 10.0
CLOSING = {401: 4401, 413: 1009}
"""The problems that end a socket, and with which code."""
TOO_MANY = Problem(429, "too_many_sockets", "as many of this person are served already", headers={"retry-after": "30"})


class Hello(msgspec.Struct, frozen=True):
    token: str
    after: str | None = None
    locale: str | None = None
    """BCP 47; in which language the client speaks to whoever it is."""


class Wish(msgspec.Struct, frozen=True):
    """`history`."""

    before: str | None = None
    conversation: str | None = None
    limit: int = PAGE


_hello = msgspec.json.Decoder(Hello)
_wish = msgspec.json.Decoder(Wish)


class Gone(Exception):
    """The client has left."""


class Conversing:
    """One socket. `run` lasts as long as it does."""

    __slots__ = ("_asked", "_audience", "_browser", "_client", "_hearing", "_hub", "_line", "_receive", "_token")

    def __init__(
        self,
        hub: Hub,
        asked: Asked,
        audience: Audience,
        hearing: Hearing,
        browser: Languages,
        receive: Receive,
        send: Send,
    ) -> None:
        self._hub = hub
        self._asked = asked
        self._audience = audience
        self._hearing = hearing
        self._browser = browser
        """The languages it asks for."""
        self._receive = receive
        self._line = SocketLine(send)
        self._client: Client | None = None
        self._token = ""

    async def run(self) -> None:
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                await self._greet(await self._next())
            while not self._line.ended:
                await self._take(await self._next())
        except TimeoutError:
            await self._line.end(SILENT)
        except (Gone, OSError):
            pass
        except asyncio.CancelledError:
            if not self._line.cut_off:
                raise
        finally:
            if self._client:
                self._audience.leave(self._client)

    async def _next(self) -> bytes:
        """Raises Gone."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            raise Gone
        if self._client:
            self._client.heard_at = asyncio.get_running_loop().time()
        text = message.get("text")
        return text.encode() if text is not None else bytes(message.get("bytes") or b"")

    async def _take(self, body: bytes) -> None:
        frame = Named("")
        try:
            if len(body) > self._asked.doorway.frame_octets:
                raise too_large(self._asked.doorway.frame_octets)
            assert self._client
            self._asked.admit_frame(self._client.caller)
            frame = named(body)
            await self._act(self._client, frame, body)
        except Problem as problem:
            await self._refuse(problem, frame)

    async def _act(self, client: Client, frame: Named, body: bytes) -> None:
        """Raises Problem."""
        if frame.type == "ping":
            await self._say(Pong())
        elif frame.type == "hello":
            await self._greet_again(client, body)
        elif frame.type == "history":
            await self._say(await older(self._audience, self._asked, client.caller, _read(_wish, body)))
        elif ack := await self._hearing.hear(self._asked, client.caller, self._token, body):
            await self._say(ack)

    async def _greet(self, body: bytes) -> None:
        """The first frame; its refusal ends the socket."""
        try:
            if named(body).type != "hello":
                raise Problem(401, Code.UNAUTHENTICATED, "the first frame is a hello")
            hello = _read(_hello, body)
            caller = self._asked.caller(hello.token)
            languages = spoken(caller, hello.locale, self._browser)
            client = Client(self._asked.connector, caller, self._line, read_cursor(hello.after), languages)
            if len(self._audience.at(client.seat)) >= self._asked.doorway.sockets:
                raise TOO_MANY
        except Problem as problem:
            await self._refuse(problem, Named("hello"), 4429 if problem is TOO_MANY else 4401)
            return
        self._token = hello.token
        client.heard_at = asyncio.get_running_loop().time()
        client.expires_at = deadline(caller)
        self._client = client
        await self._welcome(client)
        self._audience.join(client)

    async def _greet_again(self, client: Client, body: bytes) -> None:
        hello = _read(_hello, body)
        caller = self._asked.caller(hello.token)
        if caller.address != client.caller.address:
            await self._refuse(Problem(401, "other_person", "this token is somebody else's"), Named("hello"))
            return
        self._token, client.caller, client.expires_at = hello.token, caller, deadline(caller)
        client.languages = spoken(caller, hello.locale, self._browser)
        await self._welcome(client)

    async def _welcome(self, client: Client) -> None:
        await self._say(welcome(self._hub, self._asked, client))

    async def _refuse(self, problem: Problem, frame: Named, close: int | None = None) -> None:
        close = CLOSING.get(problem.status) if close is None else close
        error = told(as_error(problem, frame))
        if close is None:
            await self._line.give(error)
        else:
            await self._line.end(Ending(close, error))

    async def _say(self, frame: Frame) -> None:
        """Raises TimeoutError where the client does not take it."""
        async with asyncio.timeout(self._audience.heartbeat):
            await self._line.give(told(frame))


def deadline(caller: Caller) -> float:
    """When the caller's token expires, on the loop's clock."""
    return asyncio.get_running_loop().time() + (caller.expires_at - now()).total_seconds()


async def older(audience: Audience, asked: Asked, caller: Caller, wish: Wish) -> History:
    """Raises Problem (404, 422)."""
    before = END
    if wish.before is not None:
        if not (wish.before.isascii() and wish.before.isdecimal()) or len(wish.before) > 18:
            raise Problem(422, Code.INVALID, "before: what `older` of a history said")
        before = int(wish.before)
    limit = min(max(wish.limit, 1), MOST_PAGE)
    page = await audience.in_thread(audience.archive(asked.connector).older, caller, before, limit, wish.conversation)
    if page is None:
        raise Problem(404, Code.NOT_FOUND, "there is no such conversation")
    return page


def as_error(problem: Problem, frame: Named) -> ErrorTold:
    after = problem.headers.get("retry-after")
    return ErrorTold(
        code=problem.code,
        detail=str(problem),
        of=frame.type or None,
        client_id=frame.client_id,
        retry_after=float(after) if after else None,
    )


def _read(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise malformed(str(error)) from error


async def turn_away(send: Send, problem: Problem) -> None:
    """Refuses the handshake. Source: the ASGI extension `websocket.http.response`."""
    with suppress(OSError):
        await send(
            {"type": "websocket.http.response.start", "status": problem.status, "headers": wire(problem.headers)}
        )
        await send({"type": "websocket.http.response.body", "body": problem.body})
