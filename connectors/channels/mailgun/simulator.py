"""Mailgun over loopback: `python -m connectors.channels.mailgun.simulator` runs it alone.

It checks the key, takes mails as MIME and refuses what Mailgun refuses, keeps routes and webhooks, makes their
requests, and lists what happened, with the mails that came.
"""

import argparse
import itertools
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from secrets import token_hex
from time import time
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, parse_qsl, quote_from_bytes, urlsplit

import msgspec

from connectors.channels.mailgun.config import Config
from connectors.channels.mailgun.signature import is_event, made
from connectors.families.mail.form import read_form
from connectors.families.mail.letters import plain_mail
from connectors.families.mail.mime import read_header
from connectors.families.mail.mime_fields import addresses
from connectors.kit.config import configured
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

TOLD: Final[Mapping[str, dict[str, Any]]] = {
    "delivered": {"event": "delivered"},
    "bounced": {
        "event": "failed",
        "severity": "permanent",
        "reason": "bounce",
        "delivery-status": {"code": 550, "message": "5.1.1 The email account that you tried to reach does not exist."},
    },
    "complained": {"event": "complained"},
    "unsubscribed": {"event": "unsubscribed"},
}


def failure(status: int, message: str) -> Reply:
    return Reply.json({"message": message}, status)


def _in_event(change: Callable[[dict[str, str]], None]) -> Callable[[Request], Request]:
    """Of the signature within an event."""

    def forged(request: Request) -> Request:
        if not is_event(request.body):
            return request
        told = msgspec.json.decode(request.body)
        change(told["signature"])
        return Request(request.method, request.url, request.headers, msgspec.json.encode(told), request.received_at)

    return forged


def _later(signature: dict[str, str]) -> None:
    signature["timestamp"] = str(int(signature["timestamp"]) + 1)


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failure(429, "Too many requests"),
        Failure.SERVER_ERROR: Reply(500),
        Failure.UNAUTHORIZED: Reply(401, b"Forbidden"),
        Failure.UNREACHABLE: failure(400, "'to' parameter is not a valid address. please check documentation"),
        Failure.REFUSED: failure(400, "Need at least one of 'text', 'html' or 'template' parameters specified"),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {
        Failure.BLOCKED: "a mail to who unsubscribed is taken, and an event tells that it failed"
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "time changed": mutate.form_field_changed("timestamp"),
        "word changed": mutate.form_field_changed("token"),
        "signature changed": mutate.form_field_changed("signature"),
        "signature dropped": mutate.form_field_dropped("signature"),
        "time of an event changed": _in_event(_later),
        "word of an event changed": _in_event(lambda told: told.update(token=mutate.flipped(told["token"]))),
        "signature of an event changed": _in_event(
            lambda told: told.update(signature=mutate.flipped(told["signature"]))
        ),
        "signature of an event emptied": _in_event(lambda told: told.update(signature="")),
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self._read: Config = configured(Config, dict(config))
        self.clock: Callable[[], float] = time
        self.sent: list[dict[str, str]] = []
        """Recipient, token and Message-ID of what was taken."""
        self.webhooks: dict[str, list[str]] = {}
        """Addresses by the kind of event."""
        self.routes: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        """As the list has them, by the time they were."""
        self.stored: dict[str, bytes] = {}
        """Mails that a route keeps, by their key."""
        self.storage = ""
        """Where stored mails lie; empty: at the API."""
        self._numbers = itertools.count(1)

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes) -> WireRequest:
        """Of an event's data, or of a mail as a route to an address that ends in `mime` forwards it."""
        path = urlsplit(self.hub_url).path or "/"
        if is_event(payload):
            told = {"signature": self.signature(), "event-data": msgspec.json.decode(payload)}
            return WireRequest("POST", path, {"content-type": "application/json"}, msgspec.json.encode(told))
        fields = {"recipient": self._read.own.encode(), "sender": sender_of(payload), "body-mime": payload}
        return WireRequest("POST", path, {"content-type": "application/x-www-form-urlencoded"}, self.form(fields))

    def form(self, fields: Mapping[str, bytes]) -> bytes:
        """As a route posts it, signed."""
        signed = {name: value.encode() for name, value in self.signature().items()}
        return "&".join(
            f"{name}={quote_from_bytes(value, safe='')}" for name, value in {**fields, **signed}.items()
        ).encode()

    def signature(self) -> dict[str, str]:
        timestamp, token = str(int(self.clock())), token_hex(25)
        signature = made(self._read.signing_key.reveal(), timestamp, token)
        return {"timestamp": timestamp, "token": token, "signature": signature}

    def message(self, text: str = "hi", sender: str = "ann@example.net") -> bytes:
        return plain_mail(text, sender, self._read.own, token_hex(8))

    def mail(self, octets: bytes) -> WireRequest:
        """It comes, and is stored too."""
        number = next(self._numbers)
        key = f"BAABAQ{number}"
        fields, _ = read_header(octets, 0, len(octets))
        headers = {"message-id": (fields.first("message-id") or "").strip("<>")}
        self.stored[key] = octets
        self.events.append(
            {
                "event": "stored",
                "id": f"czsjqFATSlC3QtAK-C80{number}",
                "timestamp": self.clock(),
                "message": {"headers": headers, "recipients": [self._read.own], "size": len(octets)},
                "storage": {"url": f"{self.storage or self.url}{self._mails}{key}", "key": key},
            }
        )
        return self.genuine(octets)

    def tells(self, word: str) -> WireRequest:
        """`delivered`, `bounced`, `complained` or `unsubscribed`, of the last mail sent. Raises LookupError."""
        mail = self.sent[-1]
        told = {
            "id": f"Ase7i2zsRYeDXztHGENqR{next(self._numbers)}",
            "timestamp": self.clock(),
            "recipient": mail["to"],
            "message": {"headers": {"message-id": mail["id"]}},
            "user-variables": {"onethread": mail["token"]},
            **TOLD[word],
        }
        self.events.append(told)
        return self.genuine(msgspec.json.encode(told))

    # --- the API ------------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return request.path.endswith("/messages.mime")

    async def answer(self, request: WireRequest) -> Reply:
        login = b64encode(f"api:{self._read.api_key.reveal()}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {login}":
            return self.FAILURES[Failure.UNAUTHORIZED]
        if request.path == f"/v3/domains/{self._read.at}":
            return Reply.json({"domain": {"name": self._read.at, "state": "active"}})
        if request.path == f"/v3/{self._read.at}/messages.mime" and request.method == "POST":
            return self._send(request)
        path = urlsplit(request.path).path
        if path.startswith(f"/v3/{self._read.at}/events"):
            return self._listed(request)
        if path.startswith(self._mails):
            return self._mail(request, path.rpartition("/")[2])
        if path.startswith(f"/v3/domains/{self._read.at}/webhooks"):
            return self._webhook(request, path.rpartition("/")[2])
        if path.startswith("/v3/routes"):
            return self._route(request, path.rpartition("/")[2])
        return failure(404, f"Domain not found: {request.path}")

    @property
    def _mails(self) -> str:
        return f"/v3/domains/{self._read.at}/messages/"

    def _listed(self, request: WireRequest) -> Reply:
        """A page; its name holds what was asked, and how many events went before."""
        told = urlsplit(request.path)
        name = told.path.rpartition("/")[2]
        page = "events" not in name
        asked, after = msgspec.json.decode(urlsafe_b64decode(name)) if page else (dict(parse_qsl(told.query)), 0)
        if asked.get("ascending") != "yes" or not asked.get("begin", "").isdecimal():
            return failure(400, "Bad request")
        kinds = asked["event"].split(" OR ")
        found = [one for one in self.events if one["event"] in kinds and one["timestamp"] >= int(asked["begin"])]
        found = sorted(found, key=lambda one: one["timestamp"])[after : after + int(asked["limit"])]
        then = urlsafe_b64encode(msgspec.json.encode((asked, after + len(found)))).decode()
        address = f"https://api.mailgun.net/v3/{self._read.at}/events/"
        return Reply.json({"items": found, "paging": {"next": f"{address}{then}", "previous": f"{address}none"}})

    def _mail(self, request: WireRequest, key: str) -> Reply:
        if request.headers.get("accept") != "message/rfc2822":
            return failure(400, "the simulator has mails as MIME only")
        if key not in self.stored:
            return failure(404, "Message not found")
        mail = self.stored[key]
        told = {"recipients": self._read.own, "sender": sender_of(mail).decode(), "body-mime": mail.decode()}
        return Reply.json(told)

    def _webhook(self, request: WireRequest, event: str) -> Reply:
        told = parse_qs(request.body.decode())
        if request.method == "DELETE":
            del self.webhooks[event]
        elif request.method in ("POST", "PUT"):
            self.webhooks[told["id"][0] if request.method == "POST" else event] = told["url"]
        return Reply.json({"webhooks": {name: {"urls": urls} for name, urls in self.webhooks.items()}})

    def _route(self, request: WireRequest, id_: str) -> Reply:
        told = parse_qs(request.body.decode())
        if request.method == "DELETE":
            del self.routes[id_]
        elif request.method == "POST":
            number = f"4f3bad2335335426750{next(self._numbers)}"
            self.routes[number] = {"id": number, "expression": told["expression"][0], "actions": told["action"]}
        return Reply.json({"total_count": len(self.routes), "items": list(self.routes.values())})

    def _send(self, request: WireRequest) -> Reply:
        form = read_form(request.body)
        to, mail = form.text("to") or "", form.octets("message") or b""
        if "@" not in to:
            return self.FAILURES[Failure.UNREACHABLE]
        if not mail:
            return self.FAILURES[Failure.REFUSED]
        fields, _ = read_header(mail, 0, len(mail))
        id_ = fields.first("message-id") or ""
        self.sent.append({"to": to, "token": form.text("v:onethread") or "", "id": id_.strip("<>")})
        return Reply.json({"id": id_, "message": "Queued. Thank you."})


def sender_of(mail: bytes) -> bytes:
    fields, _ = read_header(mail, 0, len(mail))
    return next((address for _, address in addresses(fields.each("from"))), "").encode()


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="Mailgun over loopback.")
    wanted.add_argument("--address", default="help@example.com")
    wanted.add_argument("--key", default="simulated-api-key")
    wanted.add_argument("--signing-key", default="simulated-signing-key")
    told = wanted.parse_args()
    run(Simulator({"address": told.address, "api_key": told.key, "signing_key": told.signing_key}))
