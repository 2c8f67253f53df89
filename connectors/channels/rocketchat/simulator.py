"""Rocket.Chat over loopback: `python -m connectors.channels.rocketchat.simulator` runs it alone.

It checks the user's token, takes messages to the rooms it told of, and gives out files.
"""

import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

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
        told = {"_id": f"simulated{next(self._numbers):08}", "ts": at, "rid": ROOM, "username": "guest-3", **message}
        person = {"_id": visitor, "token": KEY, "name": "James", "username": "guest-3", "phone": None}
        room = {"_id": ROOM, "label": "James", "createdAt": at, "lastMessageAt": at, "visitor": person}
        return msgspec.json.encode({**room, "type": "Message", "messages": [told]})

    def is_send(self, request: WireRequest) -> bool:
        return request.method == "POST"

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
        if path != "/api/v1/chat.postMessage":
            return Reply(404)
        given = msgspec.json.decode(request.body, type=dict[str, Any])
        if given["roomId"] != ROOM:
            return failure(400, 'The required "roomId" or "channel" param provided is invalid', "invalid-channel")
        self.sent.append(given)
        made = {"_id": f"simulated{next(self._numbers):08}", "rid": ROOM, "msg": given["text"]}
        return Reply.json({"ts": 1795255203000, "channel": ROOM, "message": made, "success": True})


if __name__ == "__main__":
    simulated = {"user_id": "simulated", "auth_token": "simulated", "webhook_secret": "simulated"}
    run(Simulator({"api_base": "http://127.0.0.1", **simulated}))
