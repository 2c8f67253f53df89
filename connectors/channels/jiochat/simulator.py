"""JioChat over loopback: `python -m connectors.channels.jiochat.simulator` runs it alone.

It gives out access tokens and checks them, takes texts, and gives out files. Webhooks it makes with `genuine`, below
the address with its secret; what they say, with `message`, `said`, `event`.
"""

import argparse
import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from time import time, time_ns
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

from connectors.channels.jiochat.access import PATH as TOKEN
from connectors.channels.jiochat.api import FILE, SEND
from connectors.families.handshake import signature
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

MESSAGE: Final = "/rcv/msg/message"
FOLLOW: Final = "/rcv/event/follow"
MENU: Final = "/rcv/event/menu"
CHANNEL: Final = "12121212121212"
ASHA: Final = "918800112233"
FOLLOWS: Final = frozenset({"subscribe", "unsubscribe"})


def _before_paths(change: Callable[[str], str]) -> Callable[[Request], Request]:
    """With another secret in the path."""

    def mutated(request: Request) -> Request:
        head, sep, tail = request.url.partition("/in/")
        name, slash, rest = tail.partition("/")
        end = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
        return replace(request, url=f"{head}{sep}{name}{slash}{change(rest[:end])}{rest[end:]}")

    return mutated


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: Reply(429),
        Failure.SERVER_ERROR: Reply(502),
        Failure.UNAUTHORIZED: Reply(403),
        Failure.REFUSED: Reply(400),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {
        Failure.BLOCKED: "no answer is known that tells it",
        Failure.UNREACHABLE: "no answer is known that tells it",
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "secret changed": _before_paths(mutate.flipped),
        "secret cut": _before_paths(lambda secret: secret[:-1]),
        "secret longer": _before_paths(lambda secret: f"{secret}x"),
        "secret dropped": _before_paths(lambda _: ""),
        "signature changed": mutate.query_field_changed("signature"),
        "time changed": mutate.query_field_changed("timestamp"),
        "nonce changed": mutate.query_field_changed("nonce"),
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.token = "ACCESS.1"  # noqa: S105 - counts here only
        """The one that counts."""
        self.sent: list[dict[str, Any]] = []
        self.files: dict[str, tuple[str, bytes]] = {}
        """By media id: type and octets."""
        self._numbers = itertools.count(time_ns())

    def expire(self) -> None:
        """The token that was given out counts no longer."""
        self.token = f"ACCESS.{int(self.token.partition('.')[2]) + 1}"

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes) -> WireRequest:
        try:
            told = msgspec.json.decode(payload, type=dict[str, Any])
        except msgspec.MsgspecError:
            told = {}
        path = MESSAGE if told.get("MsgType") != "event" else FOLLOW if told.get("Event") in FOLLOWS else MENU
        return WireRequest("POST", f"{self._address}{path}", {"content-type": "application/json"}, payload)

    def greeting(self, words: str) -> WireRequest:
        """JioChat's question when the address is set."""
        at, nonce = str(int(time())), str(next(self._numbers))
        signed = signature(self.config.get("token") or self.config["app_secret"], at, nonce)
        query = urlencode({"signature": signed, "timestamp": at, "nonce": nonce, "echostr": words})
        return WireRequest("GET", f"{self._address}?{query}", {}, b"")

    def message(self, text: str = "hi", sender: str = ASHA) -> bytes:
        return self.said("text", sender, Content=text)

    def said(self, kind: str, sender: str = ASHA, **fields: Any) -> bytes:
        """A message of this type."""
        return self._posted(sender, MsgType=kind, MsgId=str(next(self._numbers)), **fields)

    def event(self, name: str, sender: str = ASHA, **fields: Any) -> bytes:
        return self._posted(sender, MsgType="event", Event=name, **fields)

    def held(self, kind: str, media_type: str, content: bytes, sender: str = ASHA) -> bytes:
        """A message with a file that can be fetched."""
        name = f"media-{next(self._numbers)}"
        self.files[name] = (media_type, content)
        return self.said(kind, sender, MediaId=name)

    def _posted(self, sender: str, **fields: Any) -> bytes:
        told = {"ToUsername": CHANNEL, "FromUserName": sender, "CreateTime": time_ns() // 1_000_000, **fields}
        return msgspec.json.encode(told)

    @property
    def _address(self) -> str:
        return f"{urlsplit(self.hub_url).path}/{self.config['path_secret']}"

    # --- the API ------------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return urlsplit(request.path).path == SEND

    async def answer(self, request: WireRequest) -> Reply:
        url = urlsplit(request.path)
        if (request.method, url.path) == ("POST", TOKEN):
            return self._given(request)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return Reply(401)
        if (request.method, url.path) == ("GET", FILE):
            held = self.files.get(parse_qs(url.query).get("media_id", [""])[0])
            return Reply(404) if held is None else Reply(200, held[1], {"content-type": held[0]})
        return self._taken(request) if (request.method, url.path) == ("POST", SEND) else Reply(404)

    def _given(self, request: WireRequest) -> Reply:
        asked = msgspec.json.decode(request.body)
        ours = ("client_credentials", self.config["app_id"], self.config["app_secret"])
        if (asked["grant_type"], asked["client_id"], asked["client_secret"]) != ours:
            return Reply(401)
        return Reply.json({"access_token": self.token, "expires_in": 7200})

    def _taken(self, request: WireRequest) -> Reply:
        given = msgspec.json.decode(request.body, type=dict[str, Any])
        if given.get("msgtype") != "text" or not given["touser"] or not 0 < len(given["text"]["content"]) <= 1600:
            return Reply(400)
        self.sent.append(given)
        return Reply.json({})


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="JioChat over loopback.")
    wanted.add_argument("--app-id", default="simulated-app")
    wanted.add_argument("--app-secret", default="simulated-app-secret")
    wanted.add_argument("--path-secret", default="simulated-path-secret")
    told = wanted.parse_args()
    run(Simulator({"app_id": told.app_id, "app_secret": told.app_secret, "path_secret": told.path_secret}))
