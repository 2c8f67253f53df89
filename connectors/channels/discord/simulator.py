"""Discord over loopback: `python -m connectors.channels.discord.simulator` runs it alone.

It checks the token, takes messages once for each nonce, changes them, keeps reactions and the endpoint, gives out
files, and says by its gateway what it is told to, once more where a session is taken up again. Interactions it makes
with `genuine`; what they say, with `message` and `interaction`.
"""

import argparse
from collections.abc import Callable, Mapping
from email.parser import BytesParser
from time import time
from typing import Any, ClassVar, Final
from urllib.parse import unquote, urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors.channels.discord.signature import SIGNATURE, TIMESTAMP
from connectors.channels.discord.simulated import Gatehouse
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, Reply, WireRequest, run

API: Final = "/api/v10"
KEY: Final = bytes(range(32))
"""The application's private key, which only Discord has."""
PUBLIC: Final = Ed25519PrivateKey.from_private_bytes(KEY).public_key().public_bytes_raw().hex()
EPOCH: Final = 1_420_070_400_000


def failure(status: int, code: int, words: str, **more: Any) -> Reply:
    return Reply.json({"message": words, "code": code, **more}, status)


class Simulator(Gatehouse):
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
        self.endpoint: str | None = None
        """Where interactions are posted."""
        self.files: dict[str, bytes] = {}
        self._nonces: dict[str, str] = {}

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
            return Reply.json(self.door())
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
