"""Postmark over loopback: `python -m connectors.channels.postmark.simulator` runs it alone.

It checks the token, takes mails and refuses what Postmark refuses, keeps the webhooks, and makes those of mails that
come in and of what became of those that left.
"""

import argparse
import itertools
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid4, uuid5

import msgspec

from connectors.channels.postmark.config import Config
from connectors.families.mail.letters import plain_mail
from connectors.kit.config import configured
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

INACTIVE: Final = "You tried to send to recipient(s) that have been marked as inactive."


TOLD: Final[Mapping[str, dict[str, Any]]] = {
    "delivered": {"RecordType": "Delivery"},
    "bounced": {"RecordType": "Bounce", "Type": "HardBounce"},
    "complained": {"RecordType": "SpamComplaint", "Type": "SpamComplaint"},
    "unsubscribed": {
        "RecordType": "SubscriptionChange",
        "SuppressSending": True,
        "SuppressionReason": "ManualSuppression",
        "Origin": "Recipient",
    },
}


def failure(code: int, message: str, status: int = 422) -> Reply:
    return Reply.json({"ErrorCode": code, "Message": message}, status)


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failure(0, "Rate limit exceeded", 429),
        Failure.SERVER_ERROR: Reply(500),
        Failure.UNAUTHORIZED: failure(10, "The Server Token you provided is not valid.", 401),
        Failure.BLOCKED: failure(406, INACTIVE),
        Failure.UNREACHABLE: failure(300, "Invalid 'To' address: 'nobody'."),
        Failure.REFUSED: failure(411, "Forbidden attachment type"),
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "password dropped": mutate.header_dropped("authorization"),
        "password emptied": mutate.header_emptied("authorization"),
        "password changed": mutate.header_flipped("authorization"),
        "password cut": mutate.header_cut("authorization"),
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self._read: Config = configured(Config, dict(config))
        self.sent: dict[str, dict[str, Any]] = {}
        """What was taken, by Postmark's id."""
        self.inactive: set[str] = set()
        self.server: dict[str, Any] = {"ID": 1, "Name": "Support", "InboundHookUrl": "", "RawEmailEnabled": False}
        self.hooks: dict[int, dict[str, Any]] = {}
        self.failed: list[str] = []
        """Mails that came in and were given up, the oldest first."""
        self.retried: list[str] = []
        self._numbers = itertools.count(1)

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes) -> WireRequest:
        login = b64encode(f"{self._read.webhook_user}:{self._read.webhook_password.reveal()}".encode()).decode()
        headers = {"content-type": "application/json", "authorization": f"Basic {login}"}
        return WireRequest("POST", urlsplit(self.hub_url).path or "/", headers, payload)

    def message(self, text: str = "hi", sender: str = "ann@example.net") -> bytes:
        return self.came(plain_mail(text, sender, self._read.own, token_hex(8)))

    def came(self, mail: bytes, to: str | None = None) -> bytes:
        """A mail, as a server posts it that is set to include it raw."""
        recipient = to or self._read.own
        return msgspec.json.encode(
            {"MessageID": str(uuid4()), "OriginalRecipient": recipient, "RawEmail": mail.decode("utf-8", "replace")}
        )

    def mail(self, octets: bytes) -> WireRequest:
        return self.genuine(self.came(octets))

    def tells(self, word: str) -> WireRequest:
        """`delivered`, `bounced`, `complained` or `unsubscribed`, of the last mail sent. Raises LookupError."""
        id_, given = list(self.sent.items())[-1]
        now = datetime.now(UTC).isoformat()
        times = dict.fromkeys(("DeliveredAt", "BouncedAt", "ChangedAt"), now)
        told = {"MessageID": id_, "Metadata": given["Metadata"], "Recipient": given["To"], "Email": given["To"]}
        return self.genuine(msgspec.json.encode({"ID": next(self._numbers), **told, **times, **TOLD[word]}))

    # --- the API ------------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return request.path == "/email"

    async def answer(self, request: WireRequest) -> Reply:
        if request.headers.get("x-postmark-server-token") != self._read.server_token.reveal():
            return self.FAILURES[Failure.UNAUTHORIZED]
        path = urlsplit(request.path).path
        given = msgspec.json.decode(request.body) if request.body else {}
        if path == "/email" and request.method == "POST":
            return self._send(given)
        if path == "/server":
            self.server |= given
            return Reply.json(self.server)
        if path.startswith("/messages/inbound"):
            return self._inbound(request.method, path)
        if path.startswith("/webhooks"):
            return self._hook(request.method, path, given)
        return Reply(404)

    def _send(self, given: dict[str, Any]) -> Reply:
        if given["To"] in self.inactive:
            return self.FAILURES[Failure.BLOCKED]
        if "@" not in given["To"]:
            return self.FAILURES[Failure.UNREACHABLE]
        if not given.get("TextBody") and not given.get("HtmlBody"):
            return failure(300, "Provide either email TextBody or HtmlBody or both.")
        id_ = str(uuid5(NAMESPACE_URL, given["Metadata"]["onethread"]))
        self.sent[id_] = given
        return Reply.json({"To": given["To"], "MessageID": id_, "ErrorCode": 0, "Message": "OK"})

    def _inbound(self, method: str, path: str) -> Reply:
        """The list of what failed, and what is posted once more."""
        if method == "GET":
            shown = [{"MessageID": name, "Status": "Failed", "Subject": "x"} for name in reversed(self.failed)]
            return Reply.json({"TotalCount": len(shown), "InboundMessages": shown[:500]})
        name = path.split("/")[3]
        if name not in self.failed:
            return failure(701, "This message was not found or cannot be retried.")
        self.retried.append(name)
        return Reply.json({"ErrorCode": 0, "Message": "Successfully rescheduled failed message: 1"})

    def _hook(self, method: str, path: str, given: dict[str, Any]) -> Reply:
        if method == "POST":
            number = next(self._numbers)
            self.hooks[number] = {**given, "ID": number}
            return Reply.json(self.hooks[number])
        if method == "DELETE":
            self.hooks.pop(int(path.rpartition("/")[2]), None)
            return Reply.json({"ErrorCode": 0, "Message": "removed"})
        return Reply.json({"Webhooks": list(self.hooks.values())})


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="Postmark over loopback.")
    wanted.add_argument("--address", default="help@example.com")
    wanted.add_argument("--token", default="simulated-server-token")
    wanted.add_argument("--password", default="simulated-webhook-password")
    told = wanted.parse_args()
    run(Simulator({"address": told.address, "server_token": told.token, "webhook_password": told.password}))
