"""Zalo over loopback: `python -m connectors.channels.zalo.simulator` runs it alone.

It gives and checks access tokens, takes consulting messages, files and reactions, and gives out files.
"""

import itertools
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from time import time
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from connectors.channels.zalo.signature import HEADER, signature
from connectors.families.mail.form import read_form
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

FILES: Final = "/held/"
SEND: Final = "/v3.0/oa/message/cs"
ACTION: Final = "/v2.0/oa/message"
UPLOADS: Final = {"/v2.0/oa/upload/image": "attachment_id", "/v2.0/oa/upload/file": "token"}
"""By what a file is then named."""
TOKENS: Final = "/v4/oa/access_token"
USER: Final = "6145567218873129470"


def failure(error: int, message: str) -> Reply:
    return Reply.json({"error": error, "message": message})


class Allowing:
    """Codes, and tokens of which each renews once. `config` is the connector's."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self._numbers = itertools.count(1)
        self._codes: dict[str, str] = {}
        self.access, self.refresh = str(config.get("access_token") or ""), ""
        """The only ones that are good."""
        self.lasts = 90_000
        """Seconds that an access token is good for."""

    def allow(self, url: str) -> str:
        """As somebody does who opens the address and allows what it asks; the address the browser is sent to."""
        asked = dict(parse_qsl(urlsplit(url).query))
        code = f"code-{next(self._numbers)}"
        self._codes[code] = asked["code_challenge"]
        ends = {"oa_id": self._config["oa_id"], "code": code, "state": asked["state"]}
        return f"{asked['redirect_uri']}?{urlencode(ends)}"

    def answer(self, request: WireRequest) -> Reply:
        told = dict(parse_qsl(request.body.decode("ascii", "replace")))
        secret = self._config.get("app_secret_key")
        if not secret or [request.headers.get("secret_key"), told.get("app_id")] != [secret, self._config["app_id"]]:
            return denied("Invalid secret key")
        if told.get("grant_type") == "refresh_token":
            if not self.refresh or told.get("refresh_token") != self.refresh:
                return denied("Invalid refresh token")
        elif not self._is_asked(told):
            return denied("Invalid authorization code")
        number = next(self._numbers)
        self.access, self.refresh = f"access-{number}-nobody-shall-see", f"refresh-{number}-nobody-shall-see"
        given = {"access_token": self.access, "refresh_token": self.refresh}
        return Reply.json({**given, "expires_in": str(self.lasts)})

    def _is_asked(self, told: Mapping[str, str]) -> bool:
        made = sha256(told.get("code_verifier", "").encode()).digest()
        return self._codes.pop(told.get("code", ""), None) == urlsafe_b64encode(made).decode().rstrip("=")


def denied(words: str) -> Reply:
    """Zalo has a number for each; the hub reads the words, and takes any."""
    return Reply.json({"error": -1, "error_name": words, "error_description": words})


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failure(-32, "Rate limited"),
        Failure.SERVER_ERROR: Reply(500),
        Failure.UNAUTHORIZED: failure(-216, "Access token has expired"),
        Failure.BLOCKED: failure(-217, "User blocked invitation to follow"),
        Failure.UNREACHABLE: failure(-213, "User has not followed OA"),
        Failure.REFUSED: failure(-201, "Invalid parameters"),
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
        """What was taken, by its name."""
        self.allowing = Allowing(self.config)
        self._numbers = itertools.count(1)
        self._files: dict[str, bytes] = {}
        self.brought: dict[str, bytes] = {}
        """Files that may be sent, by the name they got."""
        self.reactions: list[dict[str, Any]] = []

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "oauth_base": self.url}

    def genuine(self, payload: bytes) -> WireRequest:
        told = signature(self.config["app_id"], self.config["oa_secret_key"], payload)
        headers = {"content-type": "application/json", HEADER: told}
        return WireRequest("POST", urlsplit(self.hub_url).path or "/", headers, payload)

    def message(self, text: str = "hi", sender: str = USER) -> bytes:
        return self.said("user_send_text", {"text": text}, sender)

    def picture(self, content: bytes) -> bytes:
        """A picture that can be fetched."""
        name = f"{next(self._numbers)}.jpg"
        self._files[name] = content
        payload = {"url": f"{self.url}{FILES}{name}", "thumbnail": f"{self.url}{FILES}{name}"}
        return self.said("user_send_image", {"attachments": [{"type": "image", "payload": payload}]})

    def said(self, event: str, message: Mapping[str, Any], user: str = USER) -> bytes:
        """What the user wrote, or the account to them (`oa_send_…`)."""
        us, them = {"id": self.config["oa_id"]}, {"id": user}
        sender, recipient = (us, them) if event.startswith("oa_") else (them, us)
        told = {"msg_id": f"simulated{next(self._numbers):08}", **message}
        return self.event(event, sender=sender, recipient=recipient, message=told)

    def report(self, name: str, event: str) -> bytes:
        """`user_received_message` or `user_seen_message` of what was sent. Raises LookupError."""
        user = self.sent[name]["recipient"]["user_id"]
        message = {"msg_ids": [name]} if event == "user_seen_message" else {"msg_id": name}
        return self.event(event, sender={"id": self.config["oa_id"]}, recipient={"id": user}, message=message)

    def reacted(self, name: str, icon: str, user: str = USER) -> bytes:
        message = {"msg_id": name, "react_icon": icon}
        return self.event(
            "user_reacted_message", sender={"id": user}, recipient={"id": self.config["oa_id"]}, message=message
        )

    def unfollowed(self, user: str) -> bytes:
        return self.event("unfollow", oa_id=self.config["oa_id"], follower={"id": user}, source="oa_profile")

    def event(self, name: str, **told: Any) -> bytes:
        head = {"app_id": self.config["app_id"], "event_name": name, "timestamp": str(int(time() * 1000))}
        return msgspec.json.encode({**head, **told})

    def is_send(self, request: WireRequest) -> bool:
        return urlsplit(request.path).path in (SEND, ACTION)

    async def answer(self, request: WireRequest) -> Reply:
        path = urlsplit(request.path).path
        if path.startswith(FILES):
            content = self._files.get(path.removeprefix(FILES))
            return Reply(404) if content is None else Reply(200, content, {"content-type": "image/jpeg"})
        if path == TOKENS:
            return self.allowing.answer(request)
        if not self.allowing.access or request.headers.get("access_token") != self.allowing.access:
            return failure(-216, "Access token is invalid")
        if path == "/v2.0/oa/getoa":
            account = {"oa_id": self.config["oa_id"], "name": "Acme"}
            return Reply.json({"error": 0, "message": "Success", "data": account})
        if path in UPLOADS:
            return self._brought(UPLOADS[path], request.body)
        if path == ACTION:
            self.reactions.append(msgspec.json.decode(request.body, type=dict[str, Any])["sender_action"])
            return Reply.json({"error": 0, "message": "Success"})
        if path != SEND:
            return Reply(404)
        given = msgspec.json.decode(request.body, type=dict[str, Any])
        if not self._has(given["message"].get("attachment", {}).get("payload", {})):
            return failure(-201, "Invalid parameters")
        name = f"simulated{next(self._numbers):08}"
        self.sent[name] = given
        return Reply.json({"error": 0, "message": "Success", "data": {"message_id": name, **given["recipient"]}})

    def _brought(self, word: str, body: bytes) -> Reply:
        octets = read_form(body).octets("file")
        if not octets:
            return failure(-201, "Invalid parameters")
        name = f"brought{next(self._numbers):08}"
        self.brought[name] = octets
        return Reply.json({"error": 0, "message": "Success", "data": {word: name}})

    def _has(self, payload: Mapping[str, Any]) -> bool:
        """Whether every file a message shows was brought."""
        shown = (
            [payload["token"]] if "token" in payload else [one["attachment_id"] for one in payload.get("elements", ())]
        )
        return self.brought.keys() >= set(shown)


if __name__ == "__main__":
    simulated = {"oa_secret_key": "simulated", "access_token": "simulated"}
    run(Simulator({"app_id": "1", "oa_id": "2", **simulated}))
