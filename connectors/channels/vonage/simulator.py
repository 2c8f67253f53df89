"""Vonage over loopback: `python -m connectors.channels.vonage.simulator` runs it alone.

It checks the credentials, takes messages and refuses what Vonage refuses, keeps the application and gives out files.
Webhooks it makes with `genuine`; what they say, with `message`, `picture`, `said` and `report`.
"""

import argparse
import base64
import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from time import time
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connectors.channels.vonage.signature import HEADER, token
from connectors.kit.request import Request
from connectors.kit.secret import Secret
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

FILES: Final = "/v3/media/"
ERRORS: Final = "https://developer.vonage.com/api-errors"
KINDS: Final = frozenset({"text", "image", "audio", "video", "file", "sticker", "custom", "reaction", "vcard"})

MESSAGES: Final = "/v1/messages"
MANAGER: Final = "/v2/whatsapp-manager/wabas"
TEMPLATES: Final[tuple[dict[str, Any], ...]] = (
    {
        "name": "parcel",
        "language": "en",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": [
            {"type": "HEADER", "format": "IMAGE"},
            {"type": "BODY", "text": "Hello {{1}}, parcel {{2}} left."},
            {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Track", "url": "https://a.example/{{1}}"}]},
        ],
    },
    {"name": "sale", "language": "en", "status": "REJECTED", "category": "MARKETING", "components": []},
)


def problem(status: int, code: str, detail: str, **headers: str) -> Reply:
    area = "/messages" if code.isdigit() else ""
    told = {"type": f"{ERRORS}{area}#{code}", "title": code, "detail": detail, "instance": "bf0ca0bf927b3b52"}
    return Reply.json(told, status, **headers)


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: problem(429, "1000", "Throttled", retry_after="3"),
        Failure.SERVER_ERROR: problem(500, "1030", "Internal error"),
        Failure.UNAUTHORIZED: problem(401, "unauthorized", "You did not provide correct credentials."),
        Failure.UNREACHABLE: problem(422, "1040", "Invalid message: unrecognised prefix"),
        Failure.REFUSED: problem(422, "1020", "Invalid params"),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {
        Failure.BLOCKED: "Vonage's documented errors do not tell that somebody shut us out"
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "token dropped": mutate.header_dropped(HEADER),
        "token emptied": mutate.header_emptied(HEADER),
        "scheme changed": mutate.header_flipped(HEADER),
        "signature cut": mutate.header_cut(HEADER),
        "octet changed": mutate.body_flipped,
        "octet added": mutate.body_extended,
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.sent: dict[str, dict[str, Any]] = {}
        """What was taken, by its name."""
        self.closed: set[str] = set()
        """Numbers that wrote nothing within 24 hours."""
        self.application: dict[str, Any] = {
            "id": self.config.get("application_id"),
            "name": "Onethread",
            "keys": {"public_key": "-----BEGIN PUBLIC KEY-----"},
            "privacy": {"improve_ai": False},
            "capabilities": {"voice": {"webhooks": {"answer_url": {"address": "https://acme.example.com/voice"}}}},
        }
        self.templates = list(TEMPLATES)
        self.marked: dict[str, dict[str, Any]] = {}
        """What was said of messages that came, by their names."""
        self._files: dict[str, bytes] = {}
        self._made = itertools.count(1)

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes, at: float | None = None) -> WireRequest:
        claims = {
            "iat": int(time() if at is None else at),
            "jti": str(uuid4()),
            "iss": "Vonage",
            "payload_hash": sha256(payload).hexdigest(),
            "api_key": self.config["account"],
        }
        if self.config.get("application_id"):
            claims["application_id"] = self.config["application_id"]
        signed = token(claims, Secret(self.config["signature_secret"]))
        headers = {"content-type": "application/json", HEADER: f"Bearer {signed}"}
        return WireRequest("POST", urlsplit(self.hub_url).path or "/", headers, payload)

    def message(self, text: str = "hi", sender: str = "447700900001") -> bytes:
        return self.said({"message_type": "text", "text": text}, sender)

    def picture(self, content: bytes, sender: str = "447700900001") -> bytes:
        """A picture that can be fetched."""
        name = str(uuid4())
        self._files[name] = content
        url = f"{self.url}{FILES}{name}"
        return self.said({"message_type": "image", "image": {"url": url, "name": "box.jpg"}}, sender)

    def said(self, content: dict[str, Any], sender: str = "447700900001") -> bytes:
        return self._event(
            {"from": sender, "to": self.config["sender"], **content, "profile": {"name": f"Customer {sender}"}}
        )

    def report(self, name: str, status: str, code: str | None = None) -> bytes:
        """What became of a message that was sent. Raises LookupError."""
        sent = self.sent[name]
        told = {"message_uuid": name, "to": sent["to"], "from": sent["from"], "status": status}
        if code is not None:
            told["error"] = {"type": f"{ERRORS}/messages#{code}", "title": int(code), "detail": "why"}
        return self._event(told | ({"client_ref": sent["client_ref"]} if "client_ref" in sent else {}))

    def _event(self, told: dict[str, Any]) -> bytes:
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        event = {"channel": self.config["channel"], "message_uuid": str(uuid4()), "timestamp": at, **told}
        return msgspec.json.encode(event)

    # --- the API ------------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return request.path == MESSAGES

    async def answer(self, request: WireRequest) -> Reply:
        path = urlsplit(request.path).path
        if not self._is_allowed(request.headers.get("authorization", "")):
            return self.FAILURES[Failure.UNAUTHORIZED]
        if path.startswith(FILES):
            content = self._files.get(path.removeprefix(FILES))
            return Reply(404) if content is None else Reply(200, content, {"content-type": "image/jpeg"})
        try:
            given = msgspec.json.decode(request.body or b"{}", type=dict[str, Any])
            if path.startswith(f"{MESSAGES}/") and request.method == "PATCH":
                return self._mark(path.removeprefix(f"{MESSAGES}/"), given)
            if path == MESSAGES and request.method == "POST":
                return self._send(given)
        except (msgspec.MsgspecError, KeyError, TypeError, AttributeError):
            return problem(422, "1020", "Invalid params")
        if path == f"{MANAGER}/{self.config.get('business_account_id')}/templates":
            return self._shelf(dict(parse_qsl(urlsplit(request.path).query)))
        if path == "/v2/applications":
            return Reply.json({"total_items": 1})
        if path != f"/v2/applications/{self.config.get('application_id')}":
            return problem(404, "not-found", "The requested resource does not exist")
        if request.method == "PUT":
            self.application = {"id": self.application["id"], **given}
        return Reply.json(self.application)

    def _is_allowed(self, presented: str) -> bool:
        pair = f"{self.config['account']}:{self.config['api_secret']}"
        if presented == f"Basic {base64.b64encode(pair.encode()).decode()}":
            return True
        if not presented.startswith("Bearer ") or not self.config.get("private_key"):
            return False
        public = load_pem_private_key(self.config["private_key"].encode(), None).public_key()
        assert isinstance(public, RSAPublicKey)
        try:
            claims = jwt.decode(presented.removeprefix("Bearer "), public, algorithms=["RS256"], options=UNTIMED)
        except jwt.PyJWTError:
            return False
        return bool(claims["application_id"] == self.config["application_id"] and claims["exp"] > claims["iat"])

    def _shelf(self, asked: Mapping[str, str]) -> Reply:
        """One template a page, so that more than one page is asked for."""
        at = int(asked.get("after", "0"))
        page = {"cursors": {"after": str(at + 1)}} | ({"next": "more"} if at + 1 < len(self.templates) else {})
        return Reply.json({"templates": self.templates[at : at + 1], "paging": page})

    def _mark(self, name: str, given: dict[str, Any]) -> Reply:
        if self.config["channel"] != "whatsapp" or given.get("status") != "read":
            return problem(422, "1020", "Invalid params")
        self.marked[name] = given
        return Reply(200)

    def _send(self, given: dict[str, Any]) -> Reply:
        kind = given["message_type"]
        if kind not in KINDS or not given[kind] or not given["from"] or given["channel"] != self.config["channel"]:
            return problem(422, "1020", "Invalid params")
        if given["to"] in self.closed and given.get("custom", {}).get("type") != "template":
            return problem(422, "1340", "Sent outside of the allowed window")
        if kind in ("image", "audio", "video", "file") and not given[kind]["url"].startswith("https://"):
            return problem(422, "1020", "Invalid params: url")
        name = f"aaaaaaaa-bbbb-4ccc-8ddd-{next(self._made):012x}"
        self.sent[name] = given
        return Reply.json({"message_uuid": name}, 202)


UNTIMED: Final[Any] = {"verify_exp": False, "verify_iat": False}


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="Vonage's Messages API over loopback.")
    wanted.add_argument("--channel", default="sms")
    wanted.add_argument("--sender", default="447700900000")
    wanted.add_argument("--account", default="abcd1234")
    wanted.add_argument("--api-secret", default="simulated-secret")
    wanted.add_argument("--signature-secret", default="simulated-signature")
    run(Simulator(vars(wanted.parse_args())))
