"""Viber over loopback: `python -m connectors.channels.viber.simulator` runs it alone.

It checks the token, takes messages and refuses what Viber refuses, keeps the webhook and gives out files. Webhooks it
makes with `genuine`; what they say, with `message`, `picture` and `report`.
"""

import argparse
import itertools
from collections.abc import Callable, Mapping
from time import time, time_ns
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import msgspec

from connectors.channels.viber import HEADER, signature
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

FILES: Final = "/held/"
LARGEST: Final = 30_000
"""Octets of a request."""
WORDS: Final[Mapping[int, str]] = {
    0: "ok",
    1: "invalidUrl",
    2: "invalidAuthToken",
    3: "badData",
    4: "missingData",
    5: "receiverNotRegistered",
    6: "receiverNotSubscribed",
    10: "webhookNotSet",
    11: "receiverNoSuitableDevice",
    12: "tooManyRequests",
    23: "paymentRequired",
}


def failure(status: int) -> Reply:
    return Reply.json({"status": status, "status_message": WORDS[status]})


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failure(12),
        Failure.SERVER_ERROR: Reply(500),
        Failure.UNAUTHORIZED: failure(2),
        Failure.BLOCKED: failure(6),
        Failure.UNREACHABLE: failure(5),
        Failure.REFUSED: failure(3),
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
        self.webhook = ""
        self.events: list[str] = []
        self.sent: dict[str, dict[str, Any]] = {}
        """What was taken, by its token."""
        self.left: set[str] = set()
        """Who unsubscribed."""
        self._files: dict[str, bytes] = {}
        self._tokens = itertools.count(time_ns())  # of what another run made nothing is taken for the same
        self._made = itertools.count(5_098_034_272_017_990_001)
        self._methods: Mapping[str, Callable[[dict[str, Any]], Reply]] = {
            "send_message": self._send,
            "set_webhook": self._set_webhook,
            "get_account_info": self._information,
        }

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes) -> WireRequest:
        headers = {"content-type": "application/json", HEADER: signature(self.config["token"], payload)}
        return WireRequest("POST", urlsplit(self.hub_url).path or "/", headers, payload)

    def message(self, text: str = "hi", sender: str = "01234567890A=") -> bytes:
        return self._said({"type": "text", "text": text}, sender)

    def picture(self, content: bytes, sender: str = "01234567890A=") -> bytes:
        """A picture that can be fetched."""
        name = f"{next(self._tokens)}.jpg"
        self._files[name] = content
        return self._said({"type": "picture", "media": f"{self.url}{FILES}{name}", "file_name": name}, sender)

    def report(self, token: str, event: str, desc: str | None = None) -> bytes:
        """`delivered`, `seen` or `failed` of a message that was sent. Raises LookupError."""
        told = {"event": event, "user_id": self.sent[token]["receiver"], "message_token": int(token)}
        return msgspec.json.encode({**told, "timestamp": _now()} | ({"desc": desc} if desc else {}))

    def unsubscribed(self, user: str) -> bytes:
        self.left.add(user)
        told = {"event": "unsubscribed", "user_id": user, "message_token": next(self._tokens)}
        return msgspec.json.encode({**told, "timestamp": _now()})

    def _said(self, said: dict[str, Any], sender: str) -> bytes:
        self.left.discard(sender)  # whoever writes subscribes by it
        person = {"id": sender, "name": f"Customer {sender}", "language": "en", "country": "GB", "api_version": 10}
        told = {"event": "message", "timestamp": _now(), "message_token": next(self._tokens), "chat_hostname": "SN-1"}
        return msgspec.json.encode({**told, "sender": person, "message": said, "silent": False})

    # --- the API ------------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return request.path.endswith("/pa/send_message")

    async def answer(self, request: WireRequest) -> Reply:
        path = urlsplit(request.path).path
        if path.startswith(FILES):
            content = self._files.get(path.removeprefix(FILES))
            return Reply(404) if content is None else Reply(200, content, {"content-type": "image/jpeg"})
        method = self._methods.get(path.removeprefix("/pa/"))
        if method is None or request.method != "POST":
            return Reply(404)
        if request.headers.get("x-viber-auth-token") != self.config["token"]:
            return failure(2)
        try:
            return method(msgspec.json.decode(request.body, type=dict[str, Any]))
        except (msgspec.MsgspecError, KeyError, TypeError):
            return failure(3)

    def _send(self, given: dict[str, Any]) -> Reply:
        if len(msgspec.json.encode(given)) > LARGEST or not given["sender"]["name"]:
            return failure(3)
        if given["receiver"] in self.left:
            return failure(6)
        if given["type"] == "text" and not given["text"]:
            return failure(4)
        if given["type"] != "text" and not given["media"].startswith("https://"):
            return failure(1)
        token = next(self._made)
        self.sent[str(token)] = given
        told = {"status": 0, "status_message": "ok", "message_token": token, "chat_hostname": "SN-1"}
        return Reply.json({**told, "billing_status": 1})

    def _set_webhook(self, given: dict[str, Any]) -> Reply:
        self.webhook, self.events = given["url"], list(given.get("event_types", ()))
        return Reply.json({"status": 0, "status_message": "ok", "event_types": self.events})

    def _information(self, _: dict[str, Any]) -> Reply:
        bot = {"id": "pa:75346594275468546724", "name": "Onethread", "uri": "onethread", "subscribers_count": 1}
        return Reply.json(
            {"status": 0, "status_message": "ok", **bot, "webhook": self.webhook, "event_types": self.events}
        )


def _now() -> int:
    return int(time() * 1000)


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="Viber's bot API over loopback.")
    wanted.add_argument("--token", default="445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9")
    told = wanted.parse_args()
    run(Simulator({"token": told.token, "sender": "Simulated"}))
