"""The Messaging API over loopback: `python -m connectors.channels.line.simulator` runs it alone.

It checks the token, keeps what was pushed, performs one retry key once, refuses what the real one refuses in the same
words, and gives out files. It delivers no webhooks by itself: `genuine` makes the request.
"""

import argparse
import itertools
import re
from collections.abc import Callable, Mapping
from time import time
from typing import Any, ClassVar, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from connectors.channels.line.people import CHAT, PERSON
from connectors.channels.line.signature import HEADER, sign
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

PUSH: Final = "/v2/bot/message/push"
CONTENT: Final = re.compile(r"/v2/bot/message/(?P<id>[^/]+)/content(?P<what>/transcoding)?")
BOT: Final = {
    "userId": "U2af1d9f5a6c84b3e9d07c15e8b6f4a30",
    "basicId": "@216ruzhk",
    "displayName": "Support",
    "chatMode": "bot",
    "markAsReadMode": "auto",
}
TEXT: Final = 5000
WAIT_SECONDS: Final = 2


class Held(NamedTuple):
    """A file customers sent."""

    media_type: str
    content: bytes
    status: str = "succeeded"
    """Of its preparation."""


def failure(status: int, message: str, **headers: str) -> Reply:
    return Reply.json({"message": message}, status, **headers)


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failure(
            429, "The API rate limit has been exceeded. Try again later.", retry_after=str(WAIT_SECONDS)
        ),
        Failure.SERVER_ERROR: failure(500, "Internal server error"),
        Failure.UNAUTHORIZED: failure(401, "Authentication failed. Confirm that the access token is valid."),
        Failure.UNREACHABLE: failure(400, "Failed to send messages"),
        Failure.REFUSED: Reply.json(
            {
                "message": "The request body has 1 error(s)",
                "details": [{"message": "May not be empty", "property": "messages[0].text"}],
            },
            400,
        ),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {
        Failure.BLOCKED: "a push to who blocked the account is accepted; the webhook `unfollow` tells of it"
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "signature dropped": mutate.header_dropped(HEADER),
        "signature emptied": mutate.header_emptied(HEADER),
        "signature changed": mutate.header_flipped(HEADER),
        "signature cut": mutate.header_cut(HEADER),
        "body changed": mutate.body_flipped,
        "body extended": mutate.body_extended,
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.files: dict[str, Held] = {}
        """What can be fetched, by message id."""
        self.pushed: dict[str, list[dict[str, Any]]] = {}
        """By retry key, the messages as they were accepted."""
        self.endpoint: dict[str, Any] | None = None
        self.reachable = True
        """Whether a webhook that is tried succeeds."""
        # Beginning with the time, so that what another run made is not taken for the same message.
        self._numbers = itertools.count(int(time() * 1000))
        self._routes: Mapping[tuple[str, str], Callable[[WireRequest], Reply]] = {
            ("POST", PUSH): self._push,
            ("POST", "/v2/bot/chat/loading/start"): self._loading,
            ("GET", "/v2/bot/info"): lambda _: Reply.json(BOT),
            ("GET", "/v2/bot/message/quota"): lambda _: Reply.json({"type": "limited", "value": 1000}),
            ("GET", "/v2/bot/message/quota/consumption"): lambda _: Reply.json({"totalUsage": 500}),
            ("GET", "/v2/bot/channel/webhook/endpoint"): self._endpoint,
            ("PUT", "/v2/bot/channel/webhook/endpoint"): self._set_endpoint,
            ("POST", "/v2/bot/channel/webhook/test"): self._test,
        }

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "data_base": self.url}

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes) -> WireRequest:
        headers = {
            "content-type": "application/json; charset=utf-8",
            HEADER: sign(Secret(self.config["channel_secret"]), payload),
        }
        return WireRequest("POST", urlsplit(self.hub_url).path or "/", headers, payload)

    def message(self, text: str = "hi", sender: str = "1001") -> bytes:
        return self.event(
            sender, type="message", message={"type": "text", "id": self.number(), "quoteToken": "q", "text": text}
        )

    def held(self, kind: str, content: bytes, media_type: str, sender: str = "1001", **more: Any) -> bytes:
        """The body of a webhook for a file, which can then be fetched."""
        number = self.number()
        self.files[number] = Held(media_type, content)
        told = {"type": kind, "id": number, "contentProvider": {"type": "line"}, **more}
        return self.event(sender, type="message", message=told)

    def event(self, sender: str, **told: Any) -> bytes:
        """The body of a webhook for one event, by a person of this id, or of this number."""
        person = sender if CHAT.fullmatch(sender) else f"{PERSON}{sender:0>32}"
        event = {
            "mode": "active",
            "timestamp": int(time() * 1000),
            "source": {"type": "user", "userId": person},
            "webhookEventId": f"01{self.number():0>24}",
            "deliveryContext": {"isRedelivery": False},
            **told,
        }
        return msgspec.json.encode({"destination": BOT["userId"], "events": [event]})

    def number(self) -> str:
        """Of the next message, or event."""
        return str(next(self._numbers))

    # --- the Messaging API --------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return request.path == PUSH

    async def answer(self, request: WireRequest) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self.config['access_token']}":
            return self.FAILURES[Failure.UNAUTHORIZED]
        asked = CONTENT.fullmatch(request.path)
        if asked is not None:
            return self._content(asked["id"], asked["what"] is not None)
        route = self._routes.get((request.method, request.path))
        return route(request) if route is not None else failure(404, "Not found")

    def _push(self, request: WireRequest) -> Reply:
        key = request.headers.get("x-line-retry-key", "")
        if key in self.pushed:
            told = {"message": "The retry key is already accepted", **self._told(key)}
            return Reply.json(told, 409, x_line_accepted_request_id=f"request-{key}")
        body = msgspec.json.decode(request.body)
        if not CHAT.fullmatch(str(body.get("to"))):
            return failure(400, "The property, 'to', in the request body is invalid (line: -, column: -)")
        if not 1 <= len(body.get("messages", ())) <= 5:
            return failure(400, "The property, 'messages', in the request body is invalid (line: -, column: -)")
        for message in body["messages"]:
            if len(message.get("text", "").encode("utf-16-le")) // 2 > TEXT or message.get("text") == "":
                return self.FAILURES[Failure.REFUSED]
        self.pushed[key] = [{**message, "id": self.number()} for message in body["messages"]]
        return Reply.json(self._told(key))

    def _told(self, key: str) -> dict[str, Any]:
        sent = [{"id": message["id"], "quoteToken": f"q{message['id']}"} for message in self.pushed[key]]
        return {"sentMessages": sent}

    def _loading(self, request: WireRequest) -> Reply:
        body = msgspec.json.decode(request.body)
        valid = str(body.get("chatId", "")).startswith(PERSON) and body.get("loadingSeconds", 20) % 5 == 0
        return Reply.json({}, 202) if valid else self.FAILURES[Failure.REFUSED]

    def _endpoint(self, _request: WireRequest) -> Reply:
        return Reply.json(self.endpoint) if self.endpoint is not None else failure(404, "Not found")

    def _set_endpoint(self, request: WireRequest) -> Reply:
        url = str(msgspec.json.decode(request.body).get("endpoint", ""))
        if not url.startswith("https://"):
            return failure(400, "Invalid webhook endpoint URL")
        self.endpoint = {"endpoint": url, "active": True}
        return Reply.json({})

    def _test(self, _request: WireRequest) -> Reply:
        told: dict[str, Any] = {"timestamp": "2026-11-21T10:00:00.000Z"}
        if self.reachable:
            return Reply.json({**told, "success": True, "statusCode": 200, "reason": "OK", "detail": "200"})
        unheard = {"success": False, "statusCode": 0, "reason": "COULD_NOT_CONNECT", "detail": "connection refused"}
        return Reply.json({**told, **unheard})

    def _content(self, number: str, preparation: bool) -> Reply:
        held = self.files.get(number)
        if held is None:
            return failure(404, "Not found")
        if preparation:
            return Reply.json({"status": held.status})
        return Reply(200, held.content, {"content-type": held.media_type})


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="The LINE Messaging API over loopback.")
    wanted.add_argument("--channel-secret", default="simulator-secret")
    wanted.add_argument("--access-token", default="simulator-token")
    told = wanted.parse_args()
    run(Simulator({"channel_secret": told.channel_secret, "access_token": told.access_token}))
