"""Discord's gateway over loopback, as the simulator's part: sessions, shards, and what is said by them."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import monotonic, time
from typing import Any, Final

import msgspec
from aiohttp import WSMsgType, web

from connectors.kit.testing.simulator import HUB_URL, LoopbackSimulator

EPOCH: Final = 1_420_070_400_000
NELLY: Final = "80351110224678912"


class Gatehouse(LoopbackSimulator):
    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.shards = 1
        """As many as are recommended."""
        self.starts = 1000
        """Sessions that may begin yet."""
        self.concurrency = 1
        self.said: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
        """Frames of each shard's session, the first numbered 2: 1 is its name."""
        self.session = 1
        self.identified: list[dict[str, Any]] = []
        self.moments: list[float] = []
        """When each of them was."""
        self.resumed: list[dict[str, Any]] = []
        self.heartbeats = 0
        self.interval = 41_250
        """Milliseconds between heartbeats."""
        self.close_code: int | None = None
        """With which the next connection is ended once it has said who it is."""
        self.channels: dict[str, dict[str, Any]] = {}
        """Of servers, threads among them, by their ids."""
        self._count = 1
        self._numbers = itertools.count((int(time() * 1000) - EPOCH) << 22)
        self._sockets: dict[web.WebSocketResponse, int] = {}
        """With the shard each is of."""

    def number(self) -> str:
        return str(next(self._numbers))

    def user(self, number: str) -> dict[str, Any]:
        return {"id": number, "username": f"user{number}", "global_name": f"User {number}"}

    def writes(self, text: str, sender: str = NELLY, **more: Any) -> dict[str, Any]:
        """A message, said by the gateway."""
        at = datetime.now(UTC).isoformat()
        told = {"id": self.number(), "channel_id": f"9{sender}", "author": self.user(sender), "content": text}
        event = {**told, "timestamp": at, "edited_timestamp": None, "attachments": [], "type": 0, **more}
        self.dispatch("MESSAGE_CREATE", event)
        return event

    def thread(self, number: str, channel: str, *, told: bool = True) -> None:
        """Somebody begins a thread, or a post of a forum; `told`: while the hub listens."""
        self.channels[number] = {"id": number, "type": 11, "parent_id": channel, "guild_id": "88", "name": "a thread"}
        if told:
            self.dispatch("THREAD_CREATE", self.channels[number])

    def dispatch(self, kind: str, event: Mapping[str, Any]) -> None:
        """By the shard of the event's server; private messages by the first."""
        shard = (int(event.get("guild_id") or 0) >> 22) % self._count
        frame = {"op": 0, "t": kind, "s": len(self.said[shard]) + 2, "d": dict(event)}
        self.said[shard].append(frame)
        self._on_loop(lambda: self._tell(shard, frame))

    def drop(self, *, forget: bool = False) -> None:
        """Ends every connection; with `forget` the sessions, too."""
        if forget:
            self.session += 1
            self.said.clear()
        self._on_loop(self._drop)

    def door(self) -> dict[str, Any]:
        limit = {"total": 1000, "remaining": self.starts, "reset_after": 14_400_000}
        return {
            "url": self._address(),
            "shards": self.shards,
            "session_start_limit": {**limit, "max_concurrency": self.concurrency},
        }

    def _on_loop(self, act: Callable[[], Any]) -> None:
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(act(), self._loop).result(5)

    async def _tell(self, shard: int, frame: Mapping[str, Any]) -> None:
        for socket in [socket for socket, number in self._sockets.items() if number == shard]:
            await socket.send_str(msgspec.json.encode(frame).decode())

    async def _drop(self) -> None:
        for socket in list(self._sockets):
            await socket.close(code=1001)

    async def _handle(self, came: web.Request) -> web.StreamResponse:
        return await (self._gateway(came) if came.path == "/gateway/" else super()._handle(came))

    async def _gateway(self, came: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(came)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": self.interval}, "s": None, "t": None})
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._heard(socket, msgspec.json.decode(message.data))
        finally:
            self._sockets.pop(socket, None)
        return socket

    async def _heard(self, socket: web.WebSocketResponse, told: dict[str, Any]) -> None:
        what = told["d"]
        if told["op"] == 1:
            self.heartbeats += 1
            await socket.send_json({"op": 11})
            return
        if what["token"] != self.config["bot_token"]:
            await socket.close(code=4004)
        elif self.close_code is not None:
            code, self.close_code = self.close_code, None
            await socket.close(code=code)
        elif told["op"] == 2:
            await self._identified(socket, what)
        else:
            await self._resumed(socket, what)

    async def _identified(self, socket: web.WebSocketResponse, what: dict[str, Any]) -> None:
        shard, self._count = what.get("shard", [0, 1])
        self.identified.append(what)
        self.moments.append(monotonic())
        name = f"{self.session}/{shard}" if shard else str(self.session)
        ready = {"v": 10, "session_id": name, "resume_gateway_url": self._address()}
        await self._begin(socket, shard, [{"op": 0, "t": "READY", "s": 1, "d": ready}])

    async def _resumed(self, socket: web.WebSocketResponse, what: dict[str, Any]) -> None:
        session, _, number = what["session_id"].partition("/")
        if session != str(self.session):
            await socket.send_json({"op": 9, "d": False})
            return
        self.resumed.append(what)
        said = self.said[int(number or "0")]
        missed = [frame for frame in said if frame["s"] > what["seq"]]
        again = {"op": 0, "t": "RESUMED", "s": len(said) + 1, "d": {}}
        await self._begin(socket, int(number or "0"), [*missed, again])

    async def _begin(self, socket: web.WebSocketResponse, shard: int, frames: list[dict[str, Any]]) -> None:
        for frame in frames:
            await socket.send_str(msgspec.json.encode(frame).decode())
        self._sockets[socket] = shard

    def _address(self) -> str:
        return f"ws{self.url.removeprefix('http')}/gateway"
