"""SendGrid over loopback: `python -m connectors.channels.sendgrid.simulator` runs it alone.

It checks the key, takes mails and refuses what SendGrid refuses, keeps its webhooks, and posts mails and events,
signed. The key it signs with is made from a number, so that everything it signs can be made again; SendGrid's are its
own.
"""

import argparse
import itertools
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from secrets import token_hex
from time import time
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, derive_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connectors.channels.sendgrid.config import Config
from connectors.channels.sendgrid.hooks import EVENTS, PARSING
from connectors.channels.sendgrid.parse import is_batch
from connectors.channels.sendgrid.signature import SIGNATURE, TIMESTAMP
from connectors.families.mail.letters import plain_mail
from connectors.families.mail.mime import read_header
from connectors.families.mail.mime_fields import addresses
from connectors.kit.config import configured
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

BOUNDARY: Final = "xYzZY"
_KEY: Final = derive_private_key(20_261_121, SECP256R1())
PUBLIC: Final = b64encode(_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
TOLD: Final[Mapping[str, dict[str, Any]]] = {
    "delivered": {"event": "delivered", "response": "250 OK"},
    "bounced": {"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 User unknown"},
    "complained": {"event": "spamreport"},
    "unsubscribed": {"event": "unsubscribe"},
}


def failure(status: int, message: str, field: str | None = None) -> Reply:
    return Reply.json({"errors": [{"message": message, "field": field, "help": None}]}, status)


def signed(timestamp: str, body: bytes) -> str:
    return b64encode(_KEY.sign(timestamp.encode() + body, ECDSA(SHA256()))).decode()


def posted(fields: Mapping[str, bytes], files: Mapping[str, tuple[str, str, bytes]] | None = None) -> bytes:
    """A form as SendGrid posts it; files by field, with name and type."""
    line = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
    parts = [f'{line}"{name}"\r\n\r\n'.encode() + value + b"\r\n" for name, value in fields.items()]
    parts += [
        f'{line}"{field}"; filename="{name}"\r\nContent-Type: {kind}\r\n\r\n'.encode() + octets + b"\r\n"
        for field, (name, kind, octets) in (files or {}).items()
    ]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failure(429, "too many requests"),
        Failure.SERVER_ERROR: Reply(500),
        Failure.UNAUTHORIZED: failure(401, "The provided authorization grant is invalid, expired, or revoked"),
        Failure.UNREACHABLE: failure(400, "Does not contain a valid address.", "personalizations.0.to.0.email"),
        Failure.REFUSED: failure(400, "The subject is required.", "subject"),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {
        Failure.BLOCKED: "a mail to who unsubscribed is taken, and an event tells that it was dropped"
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "signature dropped": mutate.header_dropped(SIGNATURE),
        "signature emptied": mutate.header_emptied(SIGNATURE),
        "signature changed": mutate.header_flipped(SIGNATURE),
        "time dropped": mutate.header_dropped(TIMESTAMP),
        "time changed": mutate.header_flipped(TIMESTAMP),
        "octet changed": mutate.body_flipped,
        "octet added": mutate.body_extended,
        "secret changed": mutate.query_field_changed("secret"),
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__({"events_key": PUBLIC, "inbound_key": PUBLIC, **config}, hub_url)
        self._read: Config = configured(Config, dict(self.config))
        self.clock: Callable[[], float] = time
        self.sent: dict[str, dict[str, Any]] = {}
        """What was taken, by the name it was given."""
        self.webhooks: dict[str, dict[str, Any]] = {}
        self.signed: set[str] = set()
        """Webhooks that are signed."""
        self.hosts: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(1)

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes) -> WireRequest:
        """Of a batch of events, of a form, or of a mail, which is posted raw."""
        path = urlsplit(self.hub_url).path or "/"
        form = payload.startswith(b"--")
        body = payload if is_batch(payload) or form else self.raw(payload)
        if not is_batch(body) and self._read.inbound_secret is not None:
            path = f"{path}?secret={self._read.inbound_secret.reveal()}"
        kind = "application/json" if is_batch(body) else f"multipart/form-data; boundary={BOUNDARY}"
        timestamp = str(int(self.clock()))
        headers = {"content-type": kind, SIGNATURE: signed(timestamp, body), TIMESTAMP: timestamp}
        return WireRequest("POST", path, headers, body)

    def raw(self, mail: bytes, to: str | None = None, dkim: str = "none") -> bytes:
        """A mail in the one field of a form that holds it whole."""
        fields, _ = read_header(mail, 0, len(mail))
        sender = next((address for _, address in addresses(fields.each("from"))), "")
        envelope = msgspec.json.encode({"to": [to or self._read.own], "from": sender})
        return posted({"dkim": dkim.encode(), "email": mail, "envelope": envelope, "SPF": b"pass"})

    def message(self, text: str = "hi", sender: str = "ann@example.net") -> bytes:
        return plain_mail(text, sender, self._read.own, token_hex(8))

    def mail(self, octets: bytes) -> WireRequest:
        return self.genuine(octets)

    def tells(self, word: str) -> WireRequest:
        """`delivered`, `bounced`, `complained` or `unsubscribed`, of the last mail sent. Raises LookupError."""
        name, given = list(self.sent.items())[-1]
        about = {
            "email": given["personalizations"][0]["to"][0]["email"],
            "timestamp": int(self.clock()),
            "sg_event_id": f"{token_hex(8)}-{next(self._numbers)}",
            "sg_message_id": f"{name}.recvd-5f54b8f6b7-0",
            "smtp-id": given["headers"]["Message-ID"],
            **given["custom_args"],
        }
        return self.genuine(msgspec.json.encode([{**about, **TOLD[word]}]))

    # --- the API ------------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return request.path == "/v3/mail/send"

    async def answer(self, request: WireRequest) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self._read.api_key.reveal()}":
            return self.FAILURES[Failure.UNAUTHORIZED]
        if request.path == "/v3/scopes":
            return Reply.json({"scopes": ["mail.send", "user.profile.read"]})
        if request.path == "/v3/mail/send" and request.method == "POST":
            return self._send(msgspec.json.decode(request.body))
        said = msgspec.json.decode(request.body) if request.body else {}
        if request.path.startswith(EVENTS):
            return self._event_webhook(request.method, request.path.removeprefix(EVENTS).strip("/"), said)
        if request.path.startswith(PARSING):
            return self._parsing(request.method, request.path.removeprefix(PARSING).strip("/"), said)
        return Reply(404)

    def _event_webhook(self, method: str, which: str, said: dict[str, Any]) -> Reply:
        if which == "all":
            return Reply.json({"max_allowed": 5, "webhooks": list(self.webhooks.values())})
        if method == "POST":
            which = f"webhook-{next(self._numbers)}"
            self.webhooks[which] = {"id": which, **said}
            return Reply.json(self.webhooks[which], 201)
        if which.startswith("signed/"):
            which = which.removeprefix("signed/")
            self.signed |= {which} if said.get("enabled") else set()
            return Reply.json({"id": which, "public_key": PUBLIC if which in self.signed else ""})
        if method == "DELETE":
            del self.webhooks[which]
            return Reply(204)
        self.webhooks[which] |= said
        return Reply.json(self.webhooks[which])

    def _parsing(self, method: str, host: str, said: dict[str, Any]) -> Reply:
        if method == "DELETE":
            del self.hosts[host]
            return Reply(204)
        if method in ("POST", "PATCH"):
            name = said.get("hostname", host)
            self.hosts[name] = {**self.hosts.get(name, {}), **said, "hostname": name}
            return Reply.json(self.hosts[name])
        return Reply.json({"result": list(self.hosts.values())})

    def _send(self, given: dict[str, Any]) -> Reply:
        if "@" not in given["personalizations"][0]["to"][0]["email"]:
            return self.FAILURES[Failure.UNREACHABLE]
        if not given["subject"]:
            return self.FAILURES[Failure.REFUSED]
        for file in given.get("attachments", ()):
            b64decode(file["content"], validate=True)
        name = f"simulated-{len(self.sent) + 1}"
        self.sent[name] = given
        return Reply(202, b"", {"x-message-id": name})


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="SendGrid over loopback.")
    wanted.add_argument("--address", default="help@example.com")
    wanted.add_argument("--key", default="SG.simulated-api-key")
    told = wanted.parse_args()
    run(Simulator({"address": told.address, "api_key": told.key}))
