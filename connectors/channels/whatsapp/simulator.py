"""The Cloud API over loopback: `python -m connectors.channels.whatsapp.simulator` runs it alone.

It checks the token, takes messages and refuses what the real one refuses by the same codes, gives out files and the
list of templates, and keeps the address of the webhook. Webhooks it makes with `genuine`; what they say, with
`message`, `said`, `report` and others.
"""

import argparse
import itertools
from collections.abc import Callable, Mapping
from time import time
from typing import Any, ClassVar, Final

import msgspec

from connectors.families.meta import simulated
from connectors.families.meta.simulated import failed
from connectors.kit.request import Request
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest, run

FILES: Final = "/lookaside/"
TEXT: Final = 4096
ANA: Final = "447700900222"
TEMPLATES: Final[list[dict[str, Any]]] = [
    {
        "name": "parcel",
        "language": "en",
        "status": "APPROVED",
        "parameter_format": "POSITIONAL",
        "components": [
            {"type": "HEADER", "format": "IMAGE"},
            {"type": "BODY", "text": "Hello {{1}}, your parcel {{2}} left."},
            {
                "type": "BUTTONS",
                "buttons": [
                    {"type": "URL", "text": "Track", "url": "https://example.com/{{1}}"},
                    {"type": "QUICK_REPLY", "text": "Stop"},
                ],
            },
        ],
    },
    {"name": "hello", "language": "en_US", "status": "APPROVED", "components": [{"type": "BODY", "text": "Hello!"}]},
    {
        "name": "greeting",
        "language": "en",
        "status": "APPROVED",
        "parameter_format": "NAMED",
        "components": [{"type": "BODY", "text": "Hello {{first_name}}!"}],
    },
    {"name": "paused", "language": "en", "status": "PAUSED", "components": [{"type": "BODY", "text": "Hello!"}]},
]


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failed(400, 130429, "(#130429) Rate limit hit", details="Message failed to send."),
        Failure.SERVER_ERROR: failed(500, 1, "An unknown error occurred"),
        Failure.UNAUTHORIZED: failed(401, 190, "Error validating access token", 463),
        Failure.UNREACHABLE: failed(400, 131026, "(#131026) Message undeliverable"),
        Failure.REFUSED: failed(400, 131009, "(#131009) Parameter value is not valid", details="text.body"),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {
        Failure.BLOCKED: "who blocked the number is told from nobody: a message to them is not delivered (131026)"
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = simulated.MUTATORS

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.sent: dict[str, dict[str, Any]] = {}
        """What was taken, by its id."""
        self.shown: list[dict[str, Any]] = []
        """Signs that somebody writes."""
        self.templates = list(TEMPLATES)
        self.webhook: str | None = None
        self.files: dict[str, tuple[str, bytes]] = {}
        """By media id."""
        self.over: set[str] = set()
        """Addresses of files that have run out; the next one asked for is another."""
        # Beginning with the time, so that what another run made is not taken for the same message.
        self._numbers = itertools.count(int(time() * 1000))
        number, account = config["phone_number_id"], config["business_account_id"]
        self._routes: Mapping[tuple[str, str], Callable[[WireRequest], Reply]] = {
            ("POST", f"{number}/messages"): self._messages,
            ("GET", number): self._number,
            ("GET", f"{account}/message_templates"): self._templates,
            ("GET", f"{account}/subscribed_apps"): self._subscribed,
            ("POST", f"{account}/subscribed_apps"): self._subscribe,
        }

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes) -> WireRequest:
        return simulated.genuine(self.config, self.hub_url, payload)

    def handshake(self, challenge: str = "1158201444") -> WireRequest:
        return simulated.handshake(self.config, self.hub_url, challenge)

    def message(self, text: str = "hi", sender: str = ANA) -> bytes:
        return self.said(sender, type="text", text={"body": text})

    def said(self, sender: str = ANA, *, user_id: str | None = None, **message: Any) -> bytes:
        """A webhook for one message, by a number; with an id, by that as well."""
        told = {"from": sender, "id": self.name(), "timestamp": str(int(time())), **message}
        contact: dict[str, Any] = {"profile": {"name": "Ana"}, "wa_id": sender}
        if user_id is not None:
            told["from_user_id"] = contact["user_id"] = user_id
        return self.change(contacts=[contact], messages=[told])

    def held(self, content: bytes, media_type: str = "image/jpeg", kind: str = "image", **more: Any) -> bytes:
        """A webhook for a file, which can then be fetched."""
        name = str(next(self._numbers))
        self.files[name] = (media_type, content)
        told: dict[str, Any] = {kind: {"id": name, "mime_type": media_type, "sha256": "x", **more}}
        return self.said(ANA, user_id=None, type=kind, **told)

    def report(self, name: str, status: str, code: int | None = None) -> bytes:
        """A webhook for what became of a message that was sent. Raises LookupError."""
        body = self.sent[name]
        told: dict[str, Any] = {"id": name, "status": status, "timestamp": str(int(time()))}
        told["recipient_id"] = body.get("to") or body["recipient"]
        if "biz_opaque_callback_data" in body:
            told["biz_opaque_callback_data"] = body["biz_opaque_callback_data"]
        if code is not None:
            told["errors"] = [{"code": code, "title": "Message failed"}]
        return self.change(statuses=[told])

    def change(self, field: str = "messages", **value: Any) -> bytes:
        """A webhook with one change."""
        metadata = {"display_phone_number": "15550001111", "phone_number_id": self.config["phone_number_id"]}
        change = {"field": field, "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
        entry = {"id": self.config["business_account_id"], "changes": [change]}
        return msgspec.json.encode({"object": "whatsapp_business_account", "entry": [entry]})

    def name(self) -> str:
        """Of the next message."""
        return f"wamid.{next(self._numbers)}"

    # --- the Graph API ------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return request.method == "POST" and request.path.endswith("/messages")

    async def answer(self, request: WireRequest) -> Reply:
        if not simulated.may(request, self.config):
            return self.FAILURES[Failure.UNAUTHORIZED]
        if request.path.startswith(FILES):
            return self._file(request.path)
        path = simulated.path_of(request, self.config)
        route = self._routes.get((request.method, path or ""))
        if route is not None:
            return route(request)
        if path in self.files and request.method == "GET":
            return self._held(path)
        return failed(400, 100, "Unsupported get request. Object does not exist", 33)

    def _messages(self, request: WireRequest) -> Reply:
        body = simulated.body_of(request)
        if body.get("messaging_product") != "whatsapp":
            return failed(400, 100, "(#100) The parameter messaging_product is required.")
        if "status" in body:
            self.shown.append(body)
            return Reply.json({"success": True})
        whom = body.get("to") or body.get("recipient")
        if not whom:
            return failed(400, 131008, "(#131008) Required parameter is missing", details="to")
        if len(body.get("text", {}).get("body", "")) > TEXT:
            return failed(400, 100, "(#100) Param text['body'] must be at most 4096 characters long.")
        if body.get("type") == "template" and not self._has(body["template"]):
            return failed(404, 132001, "(#132001) Template name does not exist in the translation")
        name = self.name()
        self.sent[name] = body
        told = {"contacts": [{"input": whom, "wa_id": whom}], "messages": [{"id": name, "message_status": "accepted"}]}
        return Reply.json({"messaging_product": "whatsapp", **told})

    def _has(self, told: dict[str, Any]) -> bool:
        wanted = (told["name"], told["language"]["code"])
        return wanted in {(one["name"], one["language"]) for one in self.templates if one["status"] == "APPROVED"}

    def _number(self, _: WireRequest) -> Reply:
        told = {"display_phone_number": "+1 555-000-1111", "verified_name": "Acme", "quality_rating": "GREEN"}
        return Reply.json({**told, "id": self.config["phone_number_id"]})

    def _templates(self, request: WireRequest) -> Reply:
        """Two to a page, so that there are several."""
        start = int(simulated.query_of(request).get("after", "0"))
        page, more = self.templates[start : start + 2], start + 2 < len(self.templates)
        paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(start + 2)}}
        return Reply.json({"data": page, "paging": {**paging, "next": f"{self.url}/next"} if more else paging})

    def _subscribed(self, _: WireRequest) -> Reply:
        app: dict[str, Any] = {"whatsapp_business_api_data": {"id": "7", "name": "Onethread"}}
        return Reply.json({"data": [{**app, "override_callback_uri": self.webhook} if self.webhook else app]})

    def _subscribe(self, request: WireRequest) -> Reply:
        told = simulated.body_of(request)
        if told and told.get("verify_token") != self.config["verify_token"]:
            return failed(400, 2200, "(#2200) Callback verification failed")
        self.webhook = told.get("override_callback_uri")
        return Reply.json({"success": True})

    def _held(self, name: str) -> Reply:
        media_type, content = self.files[name]
        told = {"url": f"{self.url}{FILES}{name}/{len(self.over)}", "mime_type": media_type, "id": name}
        return Reply.json({**told, "sha256": "x", "file_size": len(content), "messaging_product": "whatsapp"})

    def _file(self, path: str) -> Reply:
        name = path.removeprefix(FILES).partition("/")[0]
        if path in self.over or name not in self.files:
            return Reply(404)
        media_type, content = self.files[name]
        return Reply(200, content, {"content-type": media_type})


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="The WhatsApp Cloud API over loopback.")
    for option in ("app-secret", "access-token", "verify-token"):
        wanted.add_argument(f"--{option}", default=f"simulator-{option}")
    wanted.add_argument("--phone-number-id", default="1077")
    wanted.add_argument("--business-account-id", default="2088")
    run(Simulator(vars(wanted.parse_args())))
