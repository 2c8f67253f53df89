"""The door of every chat: who may come in, from where, how often, and to which of its rooms."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import structlog

from connectors.kit.chat import Chats
from gateway.api.problems import Code, Problem, not_found, too_large
from gateway.hub import Hub
from gateway.web.asgi import (
    Disconnected,
    Headers,
    Message,
    Receive,
    Scope,
    Send,
    answer,
    has_body,
    header,
    method_not_allowed,
    wire,
)
from gateway.web.asgi import turn_away as hang_up
from gateway.web.chat.asking import Asked, bearer
from gateway.web.chat.audience import Audience
from gateway.web.chat.buckets import Buckets
from gateway.web.chat.bulletin import Bulletin
from gateway.web.chat.files import Shelf
from gateway.web.chat.languages import accepted, spoken
from gateway.web.chat.lines import RESTARTED
from gateway.web.chat.origins import admitted, preflight, shared_with
from gateway.web.chat.page import give_page
from gateway.web.chat.saying import Hearing
from gateway.web.chat.signing_in import MOST_OCTETS, SigningIn
from gateway.web.chat.socket import Conversing, Wish, older, turn_away
from gateway.web.chat.stream import stream
from gateway.web.door import whole
from gateway.web.patience import Patience
from gateway.web.stream import HEARTBEAT
from normalizer.codec import encode

log = structlog.get_logger()
PREFIX = "/chat/"
BODY_SECONDS = 30.0
MOST_FIELDS = 10
JSON: Headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Call(NamedTuple):
    """One request to a connector's chat, over HTTP."""

    asked: Asked
    scope: Scope
    receive: Receive
    send: Send
    origin: str | None
    query: dict[str, str]
    rest: str
    """What stands behind the room's name in the path."""

    async def say(self, status: int, value: Any) -> None:
        await answer(self.send, status, [*JSON, *shared_with(self.origin)], b"" if value is None else encode(value))

    def token(self) -> str:
        """Raises Problem (401)."""
        if found := bearer(self.scope):
            return found
        raise Problem(401, Code.UNAUTHENTICATED, "no token", headers={"www-authenticate": "Bearer"})


class Chat:
    """`files` is the application that gives out files by signed links, at `/v1/attachments/{id}`.

    Every `heartbeat` seconds it looks who is still there, and streams hear that they live.
    """

    def __init__(self, hub: Hub, files: Application, heartbeat: float = HEARTBEAT) -> None:
        self._hub = hub
        self._files = files
        self._patience = Patience(BODY_SECONDS)
        self._shelf = Shelf(hub, self._patience)
        self._audience = Audience(hub, lambda connector: partial(self._shelf.link, connector), heartbeat)
        self._hearing = Hearing(hub, self._audience)
        self._signing_in = SigningIn(hub, self._audience)
        self._buckets = Buckets()
        self._heartbeat = heartbeat
        self._bulletin = Bulletin(hub, self._audience)
        self._sweeping: asyncio.Task[None] | None = None
        self._over = False
        self._ending: asyncio.Task[None] | None = None
        self._rooms: dict[tuple[str, str], Callable[[Call], Awaitable[None]]] = {
            ("POST", "session"): self._session,
            ("POST", "send"): self._say,
            ("GET", "stream"): self._stream,
            ("GET", "history"): self._history,
            ("POST", "files"): self._take,
            ("GET", "files"): self._give,
        }
        hub.board.listen(self._audience.typing)

    def end(self) -> None:
        """Ends every socket and stream; their clients come back with their cursors."""
        if self._sweeping:
            self._sweeping.cancel()
        self._over = True
        if self._ending is None:
            self._ending = asyncio.get_running_loop().create_task(self._audience.stop())

    async def ended(self) -> None:
        """After `end`, when all have been told."""
        if self._ending:
            await self._ending

    def close(self) -> None:
        self._audience.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._sweeping is None:
            self._sweeping = asyncio.create_task(self._sweep(), name="chat sweep")
        name, _, path = scope["path"][len(PREFIX) :].partition("/")
        connector = self._hub.connectors.get(name)
        try:
            if connector is None or not isinstance(connector.plugin, Chats):
                raise not_found("chat")
            asked = Asked(connector, self._buckets, self._hub.settings.proxies)
            if scope["type"] == "websocket":
                await self._socket(asked, path, scope, receive, send)
            else:
                await self._http(asked, path, scope, receive, send)
        except Problem as problem:
            if scope["type"] == "websocket":
                await turn_away(send, problem)
            else:
                await _refuse(scope, receive, send, problem, None)

    async def _socket(self, asked: Asked, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        if path != "socket":
            raise not_found("socket")
        admitted(scope, asked.doorway.origins)
        asked.admit_address(scope)
        await receive()  # websocket.connect
        if self._over:
            await send({"type": "websocket.close", "code": RESTARTED.code})
            return
        await send({"type": "websocket.accept"})
        with suppress(OSError):
            browser = accepted(scope)
            await Conversing(self._hub, asked, self._audience, self._hearing, browser, receive, send).run()

    async def _http(self, asked: Asked, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        room, _, rest = path.partition("/")
        if scope["method"] in ("GET", "HEAD") and (not path or ("." in path and not rest)):
            await give_page(asked.doorway, self._hub.settings.public_url, path, scope, send)
            return
        origin = admitted(scope, asked.doorway.origins)
        methods = {method for method, name in self._rooms if name == room}
        try:
            if not methods:
                raise not_found("room")
            if scope["method"] == "OPTIONS":
                await answer(send, 204, preflight(origin), b"")
                return
            work = self._rooms.get((scope["method"], room))
            if work is None:
                raise method_not_allowed(", ".join(sorted(methods)))
            await work(Call(asked, scope, receive, send, origin, _query(scope), rest))
        except Disconnected:
            return
        except Problem as problem:
            await _refuse(scope, receive, send, problem, origin)

    async def _session(self, call: Call) -> None:
        call.asked.admit_address(call.scope)
        body = await self._body(call, MOST_OCTETS)
        browser = accepted(call.scope)
        await call.say(200, await self._signing_in.begin(call.asked, bearer(call.scope), body, browser))

    async def _say(self, call: Call) -> None:
        token = call.token()
        caller = call.asked.caller(token)
        call.asked.admit_frame(caller)
        body = await self._body(call, call.asked.doorway.frame_octets)
        ack = await self._hearing.hear(call.asked, caller, token, body)
        await call.say(200 if ack else 204, ack)

    async def _body(self, call: Call, most: int) -> bytes:
        """Raises Problem (408, 413), Disconnected."""
        length = header(call.scope, b"content-length")
        if length is not None and (not length.isdecimal() or int(length) > most):
            raise too_large(most)
        try:
            with self._patience:
                return await whole(call.receive, most)
        except TimeoutError:
            raise Problem(408, Code.SLOW, "the body did not come in time") from None

    async def _stream(self, call: Call) -> None:
        caller = call.asked.caller(call.token())
        call.asked.admit_address(call.scope)
        if self._over:
            raise Problem(503, Code.OVERLOADED, "the hub is started anew", headers={"retry-after": "1"})
        headers = shared_with(call.origin)
        after = header(call.scope, b"last-event-id") or call.query.get("after")
        languages = spoken(caller, call.query.get("locale"), accepted(call.scope))
        await stream(self._hub, call.asked, self._audience, caller, after, languages, call.receive, call.send, headers)

    async def _history(self, call: Call) -> None:
        caller = call.asked.caller(call.token())
        call.asked.admit_frame(caller)
        query = call.query
        limit = query.get("limit", "50")
        if not (limit.isascii() and limit.isdecimal()) or len(limit) > 4:
            raise Problem(422, Code.INVALID, "limit: a number")
        wish = Wish(query.get("before"), query.get("conversation"), int(limit))
        await call.say(200, await older(self._audience, call.asked, caller, wish))

    async def _take(self, call: Call) -> None:
        caller = call.asked.caller(call.token())
        call.asked.admit_upload(caller)
        name = call.query.get("name")
        await call.say(201, await self._shelf.take(call.asked, caller, call.scope, call.receive, name))

    async def _give(self, call: Call) -> None:
        """The file to who has a link that was signed for it; a new link to who shows a token."""
        if "signature" in call.query:
            scope = {**call.scope, "path": f"/v1/attachments/{call.rest}"}
            scope["raw_path"] = scope["path"].encode()
            await self._files(scope, call.receive, _for_pages(call.send, call.origin))
            return
        caller = call.asked.caller(call.token())
        call.asked.admit_frame(caller)
        archive = self._audience.archive(call.asked.connector)
        message = call.query.get("message")
        await call.say(
            200, await self._audience.in_thread(self._shelf.look, call.asked, caller, archive, call.rest, message)
        )

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat)
            try:
                self._bulletin.look()
                await self._audience.sweep()
            except Exception:
                log.exception("clients could not be looked after")


def _query(scope: Scope) -> dict[str, str]:
    try:
        pairs = parse_qsl(scope["query_string"].decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Problem(400, Code.MALFORMED, f"not a query: {error}") from error
    return dict(pairs)


async def _refuse(scope: Scope, receive: Receive, send: Send, problem: Problem, origin: str | None) -> None:
    shared = _with(send, shared_with(origin))
    if has_body(scope):
        await hang_up(receive, shared, problem)
    else:
        await answer(shared, problem.status, wire(problem.headers), problem.body)


def _with(send: Send, more: Headers, without: frozenset[bytes] = frozenset()) -> Send:
    """Answers with these headers besides."""

    async def give(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [field for field in message["headers"] if field[0] not in without]
            message = {**message, "headers": [*kept, *more]}
        await send(message)

    return give


def _for_pages(send: Send, origin: str | None) -> Send:
    """So that a page of the app may show the file."""
    policy = b"cross-origin-resource-policy"
    return _with(send, [(policy, b"cross-origin"), *shared_with(origin)], frozenset({policy}))
