"""Rocket.Chat over loopback: `python -m connectors.channels.rocketchat.simulator` runs it alone.

It checks the user's token, takes messages to the rooms it told of, gives out files, shows what was said, and keeps its
settings.
"""

import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from connectors.channels.rocketchat import HEADER
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

FILES: Final = "/file-upload/"
ROOM: Final = "Tc5SyBZHovD4k8BXv"
VISITOR: Final = "63db8d4990fe6eda42ad429a"
KEY: Final = "e36e352c742eee48860d576fcefb372a"
"""Of the visitor: opens the conversation to whoever has it."""


def failure(status: int, error: str, kind: str) -> Reply:
    return Reply.json({"success": False, "error": f"{error} [{kind}]", "errorType": kind}, status)


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failure(429, "Error, too many requests. Please slow down.", "error-too-many-requests"),
        Failure.SERVER_ERROR: Reply.json({"success": False, "error": "Internal server error"}, 500),
        Failure.UNAUTHORIZED: Reply.json({"status": "error", "message": "You must be logged in to do this."}, 401),
        Failure.REFUSED: failure(400, "Message size exceeds", "error-message-size-exceeded"),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {
        Failure.BLOCKED: "a visitor cannot shut a workspace out",
        Failure.UNREACHABLE: "no code tells that somebody left",
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "token dropped": mutate.header_dropped(HEADER),
        "token emptied": mutate.header_emptied(HEADER),
        "token changed": mutate.header_flipped(HEADER),
        "token cut": mutate.header_cut(HEADER),
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.sent: list[dict[str, Any]] = []
        """Messages that were taken."""
        self.history: list[dict[str, Any]] = []
        """What was said in the room, as it is shown to who has the visitor's token."""
        self.workspace: dict[str, Any] = {"Livechat_webhookUrl": ""}
        """Its settings."""
        self._numbers = itertools.count(1)
        self._files: dict[str, bytes] = {}

    def genuine(self, payload: bytes) -> WireRequest:
        headers = {"content-type": "application/json", HEADER: self.config["webhook_secret"]}
        return WireRequest("POST", urlsplit(self.hub_url).path or "/", headers, payload)

    def message(self, text: str = "hi", sender: str = VISITOR) -> bytes:
        return self.said({"msg": text}, sender)

    def picture(self, content: bytes) -> bytes:
        """A picture that can be fetched by our user."""
        name = f"{next(self._numbers)}.png"
        self._files[name] = content
        upload = {"publicFilePath": f"{self.url}{FILES}{name}", "type": "image/png", "size": len(content)}
        return self.said({"msg": "", "file": {"_id": name, "name": name}, "fileUpload": upload})

    def said(self, message: Mapping[str, Any], visitor: str = VISITOR) -> bytes:
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        told: dict[str, Any] = {
            "_id": f"simulated{next(self._numbers):08}",
            "ts": at,
            "rid": ROOM,
            "username": "guest-3",
            **message,
        }
        agent = told.get("agentId")
        told.setdefault("u", {"_id": agent, "username": agent} if agent else {"_id": visitor, "username": "guest-3"})
        kept = {name: value for name, value in told.items() if name not in ("agentId", "username")}
        self.history = [*(one for one in self.history if one["_id"] != told["_id"]), {**kept, "token": KEY}]
        person = {"_id": visitor, "token": KEY, "name": "James", "username": "guest-3", "phone": None}
        room = {"_id": ROOM, "label": "James", "createdAt": at, "lastMessageAt": at, "visitor": person}
        return msgspec.json.encode({**room, "type": "Message", "messages": [told]})

    def is_send(self, request: WireRequest) -> bool:
        return request.path.endswith("/chat.postMessage")

    async def answer(self, request: WireRequest) -> Reply:
        told = (request.headers.get("x-auth-token"), request.headers.get("x-user-id"))
        if told != (self.config["auth_token"], self.config["user_id"]):
            return self.FAILURES[Failure.UNAUTHORIZED]
        path = urlsplit(request.path).path
        if path.startswith(FILES):
            content = self._files.get(path.removeprefix(FILES))
            return Reply(404) if content is None else Reply(200, content, {"content-type": "image/png"})
        if path == "/api/v1/me":
            return Reply.json({"_id": told[1], "username": "hub", "name": "The hub", "success": True})
        if path.startswith("/api/v1/livechat/"):
            return self._said(path.removeprefix("/api/v1/livechat/"), dict(parse_qsl(urlsplit(request.path).query)))
        if path.startswith("/api/v1/settings/"):
            return self._setting(request, path.rpartition("/")[2])
        if path != "/api/v1/chat.postMessage":
            return Reply(404)
        given = msgspec.json.decode(request.body, type=dict[str, Any])
        if given["roomId"] != ROOM:
            return failure(400, 'The required "roomId" or "channel" param provided is invalid', "invalid-channel")
        self.sent.append(given)
        made = {"_id": f"simulated{next(self._numbers):08}", "rid": ROOM, "msg": given["text"]}
        return Reply.json({"ts": 1795255203000, "channel": ROOM, "message": made, "success": True})

    def _said(self, name: str, asked: Mapping[str, str]) -> Reply:
        """The rooms, or what was said in one, the newest first."""
        if name == "rooms":
            newest = max((one["ts"] for one in self.history), default=None)
            guest = {"_id": VISITOR, "username": "guest-3", "token": KEY}
            room = {"_id": ROOM, "fname": "James", "v": guest, **({"lm": newest} if newest else {})}
            return Reply.json({"rooms": [room][int(asked["offset"]) :], "total": 1, "success": True})
        if name != f"messages.history/{ROOM}" or asked.get("token") != KEY:
            return failure(400, "invalid-room", "invalid-room")
        told = sorted(self.history, key=lambda one: str(one["ts"]), reverse=True)
        told = [one for one in told if one["ts"] < asked.get("end", "9999")][: int(asked["limit"])]
        return Reply.json({"messages": told, "success": True})

    def _setting(self, request: WireRequest, name: str) -> Reply:
        if request.method == "POST":
            self.workspace[name] = msgspec.json.decode(request.body, type=dict[str, Any])["value"]
            return Reply.json({"success": True})
        return Reply.json({"_id": name, "value": self.workspace.get(name, False), "success": True})


if __name__ == "__main__":
    simulated = {"user_id": "simulated", "auth_token": "simulated", "webhook_secret": "simulated"}
    run(Simulator({"api_base": "http://127.0.0.1", **simulated}))
