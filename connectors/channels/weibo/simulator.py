"""Weibo's fans service over loopback: `python -m connectors.channels.weibo.simulator` runs it alone.

It checks the token, takes replies, refuses what Weibo refuses and gives out files. Webhooks it makes with `genuine`;
what they say, with `message`, `said` and `event`.
"""

import argparse
import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from time import time, time_ns
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

from connectors.channels.weibo.event import MONTHS
from connectors.families.handshake import signature
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

SEND: Final = "/2/messages/reply.json"
MOST_TEXT: Final = 300
WORDS: Final[Mapping[int, str]] = {
    10013: "Invalid weibo user",
    10017: "Parameter value invalid",
    10023: "User requests out of rate limit!",
    20003: "User does not exists!",
    20012: "Text too long, please input text less than 140 characters!",
    21332: "access token is invalid!",
}


def failure(code: int, status: int = 400) -> Reply:
    return Reply.json({"error": WORDS[code], "error_code": code, "request": SEND}, status)


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failure(10023, 403),
        Failure.SERVER_ERROR: Reply(502),
        Failure.UNAUTHORIZED: failure(21332, 401),
        Failure.UNREACHABLE: failure(20003),
        Failure.REFUSED: failure(20012),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {
        Failure.BLOCKED: "which code says that somebody stopped following is not published"
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "signature changed": mutate.query_field_changed("signature"),
        "time changed": mutate.query_field_changed("timestamp"),
        "nonce changed": mutate.query_field_changed("nonce"),
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.sent: list[dict[str, str]] = []
        self.files: dict[str, tuple[str, bytes]] = {}
        """By fid: type and octets."""
        self._numbers = itertools.count(time_ns())
        self._seconds = itertools.count()

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "media_base": self.url, "oauth_base": self.url}

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes) -> WireRequest:
        """To this account, whomever the payload names."""
        return WireRequest("POST", self._path({}), {"content-type": "application/json"}, self._addressed(payload))

    def _addressed(self, payload: bytes) -> bytes:
        try:
            told = msgspec.json.decode(payload, type=dict[str, Any])
        except msgspec.MsgspecError:
            return payload
        return msgspec.json.encode({**told, "receiver_id": int(self.config["account_id"])})

    def greeting(self, words: str) -> WireRequest:
        """Weibo's question when the address is set."""
        return WireRequest("GET", self._path({"echostr": words}), {}, b"")

    def message(self, text: str = "hi", sender: str = "2489500022") -> bytes:
        return self.said("text", sender, text)

    def said(self, kind: str, sender: str = "2489500022", text: str = "", **data: Any) -> bytes:
        told = {"type": kind, "receiver_id": int(self.config["account_id"]), "sender_id": int(sender)}
        return msgspec.json.encode({**told, "created_at": self._now(), "text": text, "data": data})

    def event(self, subtype: str, sender: str = "2489500022", key: str = "") -> bytes:
        return self.said("event", sender, subtype=subtype, key=key)

    def held(self, kind: str, media_type: str, content: bytes, sender: str = "2489500022") -> bytes:
        """A message with a file that can be fetched."""
        name = str(next(self._numbers))
        self.files[name] = (media_type, content)
        return self.said(kind, sender, vfid=1, tovfid=int(name))

    def _path(self, more: Mapping[str, str]) -> str:
        at, nonce = str(int(time() * 1000)), str(next(self._numbers))
        query = {"signature": signature(self.config["app_secret"], at, nonce), "timestamp": at, "nonce": nonce, **more}
        return f"{urlsplit(self.hub_url).path}?{urlencode(query)}"

    def _now(self) -> str:
        """A second of its own for each, in Beijing."""
        at = datetime.now(UTC) + timedelta(hours=8, seconds=next(self._seconds))
        month = {number: name for name, number in MONTHS.items()}[at.month]
        return f"Mon {month} {at.day:02} {at:%H:%M:%S} +0800 {at.year}"

    # --- the API ------------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return request.path == SEND

    async def answer(self, request: WireRequest) -> Reply:
        url = urlsplit(request.path)
        form = url.query if request.method == "GET" else request.body.decode()
        told = {name: values[0] for name, values in parse_qs(form).items()}
        if told.pop("access_token", None) != self.config["access_token"]:
            return failure(21332, 401)
        if url.path == "/2/mss/msget":
            held = self.files.get(told.get("fid", ""))
            return Reply(404) if held is None else Reply(200, held[1], {"content-type": held[0]})
        if url.path == "/oauth2/get_token_info":
            return Reply.json({"uid": int(self.config["account_id"]), "appkey": "1", "expire_in": 31_000_000})
        return self._send(told) if url.path == SEND else Reply(404)

    def _send(self, told: dict[str, str]) -> Reply:
        if not told.get("receiver_id", "").isdecimal():
            return failure(10013)
        try:
            data = msgspec.json.decode(told.get("data", ""), type=dict[str, str])
        except msgspec.MsgspecError:
            return failure(10017)
        if len(data.get("text", "")) >= MOST_TEXT:
            return failure(20012)
        self.sent.append({**told, **data})
        return Reply.json({"result": True, "sender_id": int(self.config["account_id"])})


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="Weibo's fans service over loopback.")
    wanted.add_argument("--account-id", type=int, default=1902500011)
    wanted.add_argument("--app-secret", default="simulated-app-secret")
    wanted.add_argument("--access-token", default="2.00simulated")
    told = wanted.parse_args()
    run(Simulator({"account_id": told.account_id, "app_secret": told.app_secret, "access_token": told.access_token}))
