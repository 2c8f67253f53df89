"""The one ASGI application of a hub: starts it, stops it, and sends each request to its door."""

import asyncio

import structlog

from gateway.api import create_app
from gateway.hub import Hub
from gateway.web.asgi import Headers, Receive, Scope, Send, answer
from gateway.web.bridge import Bridge
from gateway.web.chat import PREFIX as CHAT
from gateway.web.chat import Chat
from gateway.web.door import PREFIX, Door
from gateway.web.stream import HEARTBEAT, PATH, Stream

log = structlog.get_logger()
HEALTHZ = "/healthz"
HEALTHY = b'{"status":"ok"}'
JSON: Headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]


class Root:
    """Serves a hub; its `lifespan` starts and stops the hub."""

    def __init__(self, hub: Hub, *, heartbeat: float = HEARTBEAT) -> None:
        self._hub = hub
        self._door = Door(hub)
        self._stream = Stream(hub, heartbeat)
        self._bridge = Bridge(create_app(hub))
        self._chat = Chat(hub, self._bridge, heartbeat)

    def end_streams(self) -> None:
        """Ends what would never end by itself; a server calls it before it waits for its connections."""
        self._stream.end()
        self._chat.end()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith(PREFIX):  # of nearly every request
                await self._door(scope, receive, send)
            elif path.startswith(CHAT):
                await self._chat(scope, receive, send)
            elif path == PATH:
                await self._stream(scope, receive, send)
            elif path == HEALTHZ and scope["method"] == "GET":
                # beside the pool of threads: a busy hub is not a dead one
                await answer(send, 200, JSON, HEALTHY)
            else:
                await self._bridge(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"].startswith(CHAT):
            await self._chat(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

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
