"""A number of WhatsApp's over loopback: what the simulators of all who carry its messages share.

It takes messages and refuses what the real one refuses by the same codes, gives out files, and makes webhooks; each
carrier adds its addresses, its proof and what it has besides.
"""

import itertools
from abc import abstractmethod
from collections.abc import Mapping
from time import time
from typing import Any, ClassVar, Final

from connectors.families.meta import simulated
from connectors.families.meta.simulated import failed
from connectors.kit.testing.simulator import HUB_URL, Failure, LoopbackSimulator, Reply, WireRequest

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


class Number(LoopbackSimulator):
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

    # --- webhooks -----------------------------------------------------------------------------------------------------

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

    @abstractmethod
    def change(self, **value: Any) -> bytes:
        """A webhook with these lists, in the carrier's envelope."""

    def name(self) -> str:
        """Of the next message."""
        return f"wamid.{next(self._numbers)}"

    # --- the API ------------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return request.method == "POST" and request.path.endswith("/messages")

    def _taken(self, request: WireRequest) -> Reply:
        """A message that came, or a sign."""
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

    def _where(self, name: str) -> Reply:
        media_type, content = self.files[name]
        told = {"url": f"{self.url}{FILES}{name}/{len(self.over)}", "mime_type": media_type, "id": name}
        return Reply.json({**told, "sha256": "x", "file_size": len(content), "messaging_product": "whatsapp"})

    def _file(self, path: str) -> Reply:
        name = path.removeprefix(FILES).partition("/")[0]
        if path in self.over or name not in self.files:
            return Reply(404)
        media_type, content = self.files[name]
        return Reply(200, content, {"content-type": media_type})
