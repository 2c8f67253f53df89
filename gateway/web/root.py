"""The one ASGI application of a hub: starts it, stops it, and sends each request to its door.

Doors of roles that the process does not have say so. How it is, and its metrics, every process says.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from gateway.api.app import create_app
from gateway.api.problems import Code, Problem
from gateway.health import ailment
from gateway.hub import Hub
from gateway.roles import Role
from gateway.web.asgi import Headers, Receive, Scope, Send, answer, refuse
from gateway.web.bridge import Bridge
from gateway.web.chat import PREFIX as CHAT
from gateway.web.chat import Chat
from gateway.web.door import PREFIX, Door
from gateway.web.elsewhere import COME_AGAIN, Elsewhere
from gateway.web.stream import HEARTBEAT, PATH, Stream

Application = Callable[[Scope, Receive, Send], Awaitable[None]]
log = structlog.get_logger()
HEALTHZ = "/healthz"
HEALTHY = b'{"status":"ok"}'
EVERYWHERE = frozenset({"/readyz", "/metrics"})
JSON: Headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]


class Root:
    """Serves a hub; its `lifespan` starts and stops the hub."""

    def __init__(self, hub: Hub, *, heartbeat: float = HEARTBEAT) -> None:
        self._hub = hub
        self._door = Door(hub)
        self._stream = Stream(hub, heartbeat)
        self._bridge = Bridge(create_app(hub))
        self._chat = Chat(hub, self._bridge, heartbeat)
        receives, streams = Role.RECEIVE in hub.roles, Role.STREAM in hub.roles
        self._in: Application = self._door if receives else Elsewhere(Role.RECEIVE, COME_AGAIN)
        self._rest: Application = self._bridge if receives else Elsewhere(Role.RECEIVE)
        self._events: Application = self._stream if streams else Elsewhere(Role.STREAM)
        self._chats: Application = self._chat if streams else Elsewhere(Role.STREAM)

    def drain(self) -> None:
        """Hands back what is leased; requests are answered still."""
        self._hub.drain()

    def end_streams(self) -> None:
        """Ends what would never end by itself, and takes no more mail; a server calls it before it waits for its
        connections."""
        self._hub.shut()
        self._stream.end()
        self._chat.end()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith(PREFIX):  # of nearly every request
                await self._in(scope, receive, send)
            elif path.startswith(CHAT):
                await self._chats(scope, receive, send)
            elif path == PATH:
                await self._events(scope, receive, send)
            elif path == HEALTHZ and scope["method"] == "GET":
                await self._say_how_it_is(send)
            elif path in EVERYWHERE:
                await self._bridge(scope, receive, send)
            else:
                await self._rest(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"].startswith(CHAT):
            await self._chats(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _say_how_it_is(self, send: Send) -> None:
        """Beside the pool of threads: a busy hub is not a dead one."""
        if reason := ailment(self._hub):
            await refuse(send, Problem(503, Code.NOT_READY, reason))
        else:
            await answer(send, 200, JSON, HEALTHY)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._hub.start()
        except Exception as error:
            log.exception("the hub could not be started")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _stop(self) -> None:
        self.end_streams()
        await self._chat.ended()
        for part in (self._door, self._bridge, self._stream, self._chat):
            await asyncio.to_thread(part.close)
        await self._hub.stop()
