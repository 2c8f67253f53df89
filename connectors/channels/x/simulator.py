"""X over loopback: `python -m connectors.channels.x.simulator` runs it alone.

It checks each signature or token, takes messages and files, lists messages, keeps the webhook and gives out files.
Webhooks it makes with `genuine`; what they say, with `message`, `picture`, `said`, `typing`, `read` and `block`.
"""

import argparse
import itertools
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import time, time_ns
from typing import Any, ClassVar, Final
from urllib.parse import unquote, urlsplit

import msgspec

from connectors.channels.x.oauth import signature
from connectors.channels.x.signature import HEADER, sign
from connectors.channels.x.simulated import Allowing, Pieces
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

FILES: Final = "/1.1/ton/data/dm/"
SENDING: Final = re.compile(r"/2/dm_conversations/with/([0-9]+)/messages")
SIGNED: Final = re.compile(r'([a-z_]+)="([^"]*)"')


def problem(status: int, detail: str, number: int | None = None, **headers: str) -> Reply:
    errors = [] if number is None else [{"code": number, "message": detail}]
    told = {"title": "Refused", "detail": detail, "type": "about:blank", "status": status, "errors": errors}
    return Reply.json(told, status, **headers)


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: problem(429, "Too Many Requests", x_rate_limit_reset=str(int(time()) + 900)),
        Failure.SERVER_ERROR: problem(503, "Over capacity", 130),
        Failure.UNAUTHORIZED: problem(401, "Unauthorized"),
        Failure.BLOCKED: problem(403, "You cannot send messages to this user.", 349),
        Failure.UNREACHABLE: problem(404, "User not found.", 50),
        Failure.REFUSED: problem(400, "One or more parameters to your request was invalid."),
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "signature dropped": mutate.header_dropped(HEADER),
        "signature emptied": mutate.header_emptied(HEADER),
        "signature changed": mutate.header_flipped(HEADER),
        "signature cut": mutate.header_cut(HEADER),
        "octet changed": mutate.body_flipped,
        "octet added": mutate.body_extended,
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.sent: dict[str, dict[str, Any]] = {}
        """What was taken, by its name; `to` says to whom."""
        self.listed: list[dict[str, Any]] = []
        """What X lists of the account's messages, the newest first."""
        self.page = 100
        self.uploads: dict[str, bytes] = {}
        self.webhook: dict[str, Any] = {}
        self.subscribed = False
        self.allowing = Allowing(config)
        self.pieces = Pieces(self.uploads)
        self._files: dict[str, bytes] = {}
        self._ids = itertools.count(time_ns())  # of what another run made nothing is taken for the same
        self._made = itertools.count(1_582_103_724_607_971_332)

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes) -> WireRequest:
        headers = {"content-type": "application/json", HEADER: sign(Secret(self.config["consumer_secret"]), payload)}
        return WireRequest("POST", urlsplit(self.hub_url).path or "/", headers, payload)

    def question(self, asked: str) -> WireRequest:
        return WireRequest("GET", f"{urlsplit(self.hub_url).path or '/'}?crc_token={asked}&nonce=1", {}, b"")

    def message(self, text: str = "hi", sender: str = "222") -> bytes:
        return self.said({"text": text}, sender)

    def picture(self, content: bytes, sender: str = "222") -> bytes:
        """A picture that can be fetched."""
        name = f"{next(self._ids)}.jpg"
        self._files[name] = content
        url = f"{self.url}{FILES}{name}"
        media = {"type": "photo", "url": "https://t.co/abc", "media_url_https": url}
        return self.said({"text": "https://t.co/abc", "attachment": {"type": "media", "media": media}}, sender)

    def film(self, content: bytes, sender: str = "222") -> bytes:
        """A video that can be fetched."""
        name = f"{next(self._ids)}.mp4"
        self._files[name] = content
        variant = {"url": f"{self.url}{FILES}{name}", "content_type": "video/mp4", "bitrate": 832000}
        media = {"type": "video", "url": "https://t.co/abc", "video_info": {"variants": [variant]}}
        return self.said({"text": "https://t.co/abc", "attachment": {"type": "media", "media": media}}, sender)

    def said(self, data: dict[str, Any], sender: str = "222", to: str | None = None, name: str | None = None) -> bytes:
        """A message to the account, or with its own number as `sender` one that it wrote."""
        made = {"target": {"recipient_id": to or self.config["user_id"]}, "sender_id": sender, "message_data": data}
        event = {"type": "message_create", "id": name or str(next(self._ids)), "created_timestamp": _now()}
        return self._told("direct_message_events", {**event, "message_create": made}, sender)

    def typing(self, sender: str = "222") -> bytes:
        return self._told("direct_message_indicate_typing_events", self._sign(sender), sender)

    def read(self, name: str, sender: str = "222") -> bytes:
        return self._told("direct_message_mark_read_events", {**self._sign(sender), "last_read_event_id": name}, sender)

    def block(self, source: str = "222", word: str = "block") -> bytes:
        ends = {"source": {"id": source}, "target": {"id": self.config["user_id"]}}
        return self._told(f"{word}_events", {"type": word, "created_timestamp": _now(), **ends}, source)

    def list(self, text: str, sender: str = "222") -> str:
        """A message that no webhook told of; gives its name."""
        name = str(next(self._ids))
        ends = sorted((self.config["user_id"], sender), key=int)
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event = {"id": name, "event_type": "MessageCreate", "created_at": at, "sender_id": sender, "text": text}
        self.listed.insert(0, {**event, "dm_conversation_id": "-".join(ends)})
        return name

    def _sign(self, sender: str) -> dict[str, Any]:
        target = {"recipient_id": self.config["user_id"]}
        return {"created_timestamp": _now(), "sender_id": sender, "target": target}

    def _told(self, family: str, event: dict[str, Any], sender: str) -> bytes:
        users = {sender: {"id": sender, "name": f"Customer {sender}", "screen_name": f"customer{sender}"}}
        return msgspec.json.encode({"for_user_id": self.config["user_id"], family: [event], "users": users})

    # --- the API ------------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return SENDING.fullmatch(request.path) is not None

    async def answer(self, request: WireRequest) -> Reply:
        path = urlsplit(request.path).path
        if path == "/2/oauth2/token":
            return self.allowing.answer(request)
        if path.startswith("/2/webhooks"):
            return self._webhooks(request, path)
        if not self._is_signed(request):
            return self.FAILURES[Failure.UNAUTHORIZED]
        if path.startswith(FILES):
            content = self._files.get(path.removeprefix(FILES))
            kind = "video/mp4" if path.endswith(".mp4") else "image/jpeg"
            return Reply(404) if content is None else Reply(200, content, {"content-type": kind})
        if (to := SENDING.fullmatch(path)) is not None:
            return self._send(to[1], request.body)
        if path.startswith("/2/media/upload/") or (path == "/2/media/upload" and request.method == "GET"):
            return self._pieces(request, path)
        if path == "/2/media/upload":
            name = str(next(self._made))
            self.uploads[name] = request.body
            return Reply.json({"data": {"id": name, "media_key": f"3_{name}", "expires_after_secs": 86400}})
        if path == "/2/dm_events":
            return self._events(dict(_query(request)))
        if path == "/2/users/me":
            return Reply.json({"data": {"id": self.config["user_id"], "name": "Acme", "username": "acme"}})
        if path.endswith("/subscriptions/all") and request.method == "POST":
            self.subscribed = True
            return Reply.json({"data": {"subscribed": True}})
        return Reply(404)

    def _pieces(self, request: WireRequest, path: str) -> Reply:
        if request.method == "GET":
            return self.pieces.status(dict(_query(request)).get("media_id", ""))
        if path.endswith("/initialize"):
            return self.pieces.begin(str(next(self._made)), request.body)
        name, _, act = path.removeprefix("/2/media/upload/").partition("/")
        return self.pieces.answer(request, name, act)

    def _is_signed(self, request: WireRequest) -> bool:
        presented = request.headers.get("authorization", "")
        if self.config.get("client_id"):
            return self.allowing.knows(presented)
        told = {name: unquote(value) for name, value in SIGNED.findall(presented)}
        given = told.pop("oauth_signature", "")
        secrets = self.config["consumer_secret"], self.config["access_token_secret"]
        wanted = signature(*secrets, request.method, f"{self.url}{request.path}", told)
        named = (told.get("oauth_consumer_key"), told.get("oauth_token"))
        return given == wanted and named == (self.config["consumer_key"], self.config["access_token"])

    def _send(self, to: str, body: bytes) -> Reply:
        try:
            given = msgspec.json.decode(body, type=dict[str, Any])
            named = [one["media_id"] for one in given.get("attachments", ())]
        except (msgspec.MsgspecError, KeyError, TypeError):
            return self.FAILURES[Failure.REFUSED]
        if not (given.get("text") or named) or any(name not in self.uploads for name in named):
            return self.FAILURES[Failure.REFUSED]
        name = str(next(self._made))
        self.sent[name] = {"to": to, **given}
        ends = "-".join(sorted((self.config["user_id"], to), key=int))
        return Reply.json({"data": {"dm_conversation_id": ends, "dm_event_id": name}}, 201)

    def _events(self, asked: Mapping[str, str]) -> Reply:
        token = asked.get("pagination_token", "0")
        if not token.isdecimal():
            return problem(400, "The pagination_token query parameter value is not valid")
        start = int(token)
        data = self.listed[start : start + self.page]
        more = {"next_token": str(start + self.page)} if start + self.page < len(self.listed) else {}
        senders = dict.fromkeys(one["sender_id"] for one in data if "sender_id" in one)
        users = [{"id": one, "name": f"Customer {one}", "username": f"customer{one}"} for one in senders]
        return Reply.json({"data": data, "includes": {"users": users}, "meta": {"result_count": len(data), **more}})

    def _webhooks(self, request: WireRequest, path: str) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self.config.get('bearer_token')}":
            return self.FAILURES[Failure.UNAUTHORIZED]
        if request.method == "POST":
            url = msgspec.json.decode(request.body, type=dict[str, str])["url"]
            self.webhook = {"id": "1146654567674912769", "url": url, "valid": True}
            return Reply.json({"data": self.webhook}, 201)
        if request.method == "GET":
            return Reply.json({"data": [self.webhook] if self.webhook else []})
        if not self.webhook or path != f"/2/webhooks/{self.webhook['id']}":
            return Reply(404)
        self.webhook = {} if request.method == "DELETE" else {**self.webhook, "valid": True}
        return Reply.json({"data": {"attempted": True}})


def _query(request: WireRequest) -> list[tuple[str, str]]:
    return Request("GET", f"http://x{request.path}", {}, b"", datetime.now(UTC)).query


def _now() -> str:
    return str(int(time() * 1000))


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="Direct messages of X over loopback.")
    wanted.add_argument("--user-id", default="111")
    for secret in ("consumer-key", "consumer-secret", "access-token", "access-token-secret", "bearer-token"):
        wanted.add_argument(f"--{secret}", default=f"simulated-{secret}")
    run(Simulator(vars(wanted.parse_args())))
