"""Discord over loopback: `python -m connectors.channels.discord.simulator` runs it alone.

It checks the token, takes messages once for each nonce, changes them, keeps reactions and the endpoint, gives out
files, and says by its gateway what it is told to, once more where a session is taken up again. Interactions it makes
with `genuine`; what they say, with `message` and `interaction`.
"""

import argparse
import asyncio
import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.parser import BytesParser
from time import time
from typing import Any, ClassVar, Final
from urllib.parse import unquote, urlsplit

import msgspec
from aiohttp import WSMsgType, web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.channels.discord.signature import SIGNATURE, TIMESTAMP
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

API: Final = "/api/v10"
KEY: Final = bytes(range(32))
"""The application's private key, which only Discord has."""
PUBLIC: Final = Ed25519PrivateKey.from_private_bytes(KEY).public_key().public_bytes_raw().hex()
EPOCH: Final = 1_420_070_400_000


def failure(status: int, code: int, words: str, **more: Any) -> Reply:
    return Reply.json({"message": words, "code": code, **more}, status)


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failure(429, 0, "You are being rate limited.", retry_after=0.3, **{"global": False}),
        Failure.SERVER_ERROR: Reply(502),
        Failure.UNAUTHORIZED: failure(401, 0, "401: Unauthorized"),
        Failure.BLOCKED: failure(403, 50007, "Cannot send messages to this user"),
        Failure.UNREACHABLE: failure(404, 10003, "Unknown Channel"),
        Failure.REFUSED: failure(400, 50035, "Invalid Form Body"),
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "signature dropped": mutate.header_dropped(SIGNATURE),
        "signature emptied": mutate.header_emptied(SIGNATURE),
        "signature changed": mutate.header_flipped(SIGNATURE),
        "signature cut": mutate.header_cut(SIGNATURE),
        "time changed": mutate.header_flipped(TIMESTAMP),
        "time dropped": mutate.header_dropped(TIMESTAMP),
        "octet changed": mutate.body_flipped,
        "octet added": mutate.body_extended,
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.sent: dict[str, dict[str, Any]] = {}
        """What was taken, by its id."""
        self.reactions: dict[str, list[str]] = {}
        """Of the bot, by the message's id."""
        self.channels: dict[str, dict[str, Any]] = {}
        """Of servers, threads among them, by their ids."""
        self.endpoint: str | None = None
        """Where interactions are posted."""
        self.files: dict[str, bytes] = {}
        self.said: list[dict[str, Any]] = []
        """Frames of the session, the first numbered 2: 1 is its name."""
        self.session = 1
        self.identified: list[dict[str, Any]] = []
        self.resumed: list[dict[str, Any]] = []
        self.heartbeats = 0
        self.interval = 41_250
        """Milliseconds between heartbeats."""
        self.close_code: int | None = None
        """With which the next connection is ended once it has said who it is."""
        self._nonces: dict[str, str] = {}
        self._numbers = itertools.count((int(time() * 1000) - EPOCH) << 22)
        self._sockets: set[web.WebSocketResponse] = set()

    # --- the provider's side of interactions --------------------------------------------------------------------------

    def genuine(self, payload: bytes) -> WireRequest:
        at = str(int(time()))
        signed = Ed25519PrivateKey.from_private_bytes(KEY).sign(at.encode() + payload).hex()
        headers = {"content-type": "application/json", SIGNATURE: signed, TIMESTAMP: at}
        return WireRequest("POST", urlsplit(self.hub_url).path or "/", headers, payload)

    def message(self, text: str = "hi", sender: str = "80351110224678912") -> bytes:
        """Somebody uses a command."""
        return self.interaction(2, sender, {"name": "ask", "options": [{"name": "question", "type": 3, "value": text}]})

    def interaction(self, kind: int, sender: str, data: Mapping[str, Any], **more: Any) -> bytes:
        told = {"id": self.number(), "application_id": self.config["application_id"], "type": kind, "token": "t"}
        return msgspec.json.encode({**told, "user": self.user(sender), "data": data, "locale": "en-US", **more})

    # --- the gateway --------------------------------------------------------------------------------------------------

    def number(self) -> str:
        return str(next(self._numbers))

    def user(self, number: str) -> dict[str, Any]:
        return {"id": number, "username": f"user{number}", "global_name": f"User {number}"}

    def writes(self, text: str, sender: str = "80351110224678912", **more: Any) -> dict[str, Any]:
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
        frame = {"op": 0, "t": kind, "s": len(self.said) + 2, "d": dict(event)}
        self.said.append(frame)
        self._on_loop(lambda: self._tell(frame))

    def drop(self, *, forget: bool = False) -> None:
        """Ends every connection; with `forget` the session, too."""
        if forget:
            self.session += 1
            self.said = []
        self._on_loop(self._drop)

    def _on_loop(self, act: Callable[[], Any]) -> None:
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(act(), self._loop).result(5)

    async def _tell(self, frame: Mapping[str, Any]) -> None:
        for socket in list(self._sockets):
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
            self._sockets.discard(socket)
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
            self.identified.append(what)
            ready = {"v": 10, "session_id": str(self.session), "resume_gateway_url": self._door()}
            await self._begin(socket, [{"op": 0, "t": "READY", "s": 1, "d": ready}])
        elif what["session_id"] != str(self.session):
            await socket.send_json({"op": 9, "d": False})
        else:
            self.resumed.append(what)
            missed = [frame for frame in self.said if frame["s"] > what["seq"]]
            await self._begin(socket, [*missed, {"op": 0, "t": "RESUMED", "s": len(self.said) + 1, "d": {}}])

    async def _begin(self, socket: web.WebSocketResponse, frames: list[dict[str, Any]]) -> None:
        for frame in frames:
            await socket.send_str(msgspec.json.encode(frame).decode())
        self._sockets.add(socket)

    def _door(self) -> str:
        return f"ws{self.url.removeprefix('http')}/gateway"

    # --- the API ------------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return request.path.endswith("/messages")

    async def answer(self, request: WireRequest) -> Reply:
        if request.path in self.files:
            return Reply(200, self.files[request.path], {"content-type": "image/png"})
        if request.headers.get("authorization") != f"Bot {self.config['bot_token']}":
            return self.FAILURES[Failure.UNAUTHORIZED]
        path = request.path.removeprefix(API)
        if path == "/gateway/bot":
            return Reply.json({"url": self._door(), "shards": 1, "session_start_limit": {"remaining": 1000}})
        if path == "/users/@me":
            return Reply.json({"id": self.config["application_id"], "username": "onethread", "bot": True})
        if path == "/users/@me/channels":
            return Reply.json({"id": f"9{msgspec.json.decode(request.body)['recipient_id']}", "type": 1})
        if path.endswith("/typing"):
            return Reply(204)
        if path == "/applications/@me":
            return self._application(request)
        if path.startswith("/channels/") and path.count("/") == 2:
            found = self.channels.get(path.split("/")[2])
            return Reply.json(found) if found else self.FAILURES[Failure.UNREACHABLE]
        if "/messages/" in path:
            return self._touched(request.method, path, request)
        return self._send(path, request) if path.endswith("/messages") else failure(404, 0, "404: Not Found")

    def _application(self, request: WireRequest) -> Reply:
        if request.method == "PATCH":
            self.endpoint = msgspec.json.decode(request.body)["interactions_endpoint_url"]
        return Reply.json({"id": self.config["application_id"], "interactions_endpoint_url": self.endpoint})

    def _touched(self, method: str, path: str, request: WireRequest) -> Reply:
        """`/channels/<id>/messages/<id>`, or a reaction of ours to it."""
        _, _, channel, _, name, *reaction = path.split("/")
        marks = self.reactions.setdefault(name, [])
        if reaction:
            kept = [mark for mark in marks if mark != unquote(reaction[1])]
            self.reactions[name] = [*kept, unquote(reaction[1])] if method == "PUT" else kept
            return Reply(204)
        if method == "PATCH":
            self.sent.setdefault(name, {}).update(msgspec.json.decode(request.body))
        shown = [{"count": 1, "me": True, "emoji": _emoji(mark)} for mark in marks]
        return Reply.json({"id": name, "channel_id": channel, "reactions": shown})

    def _send(self, path: str, request: WireRequest) -> Reply:
        given = _payload(request)
        if len(given["content"]) > 2000:
            return self.FAILURES[Failure.REFUSED]
        name = self._nonces.setdefault(given["nonce"], str(1_000_000_000_000_000_001 + len(self.sent)))
        self.sent.setdefault(name, {**given, "channel_id": path.split("/")[2]})
        return Reply.json({"id": name, "channel_id": path.split("/")[2], "content": given["content"]})


def _emoji(mark: str) -> dict[str, str | None]:
    name, _, number = mark.partition(":")
    return {"id": number or None, "name": name}


def _payload(request: WireRequest) -> dict[str, Any]:
    kind = request.headers.get("content-type", "")
    body = request.body
    if kind.startswith("multipart/"):
        whole = BytesParser().parsebytes(b"content-type: " + kind.encode() + b"\r\n\r\n" + body)
        body = whole.get_payload()[0].get_payload(decode=True)  # type: ignore[union-attr,assignment,index]
    found: dict[str, Any] = msgspec.json.decode(body)
    return found


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="Discord over loopback.")
    wanted.add_argument("--application-id", default="1080000000000000001")
    wanted.add_argument("--bot-token", default="simulated.bot.token")
    told = wanted.parse_args()
    run(Simulator({"application_id": told.application_id, "public_key": PUBLIC, "bot_token": told.bot_token}))
