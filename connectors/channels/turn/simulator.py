"""Turn.io over loopback: `python -m connectors.channels.turn.simulator` runs it alone."""

import argparse
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from hmac import digest
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from connectors.channels.turn import SIGNATURE
from connectors.families.meta import simulated
from connectors.families.meta.whatsapp.number import Number
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import Failure, Reply, WireRequest, run


def failed(status: int, code: int, title: str, details: str = "") -> Reply:
    """As WhatsApp on premises words it."""
    return Reply.json({"errors": [{"code": code, "title": title, "details": details}]}, status)


class Simulator(Number):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failed(429, 1015, "Too many requests"),
        Failure.SERVER_ERROR: failed(500, 1014, "Internal error"),
        Failure.UNAUTHORIZED: failed(401, 1005, "Access denied", "Invalid credentials."),
        Failure.UNREACHABLE: failed(404, 1013, "User is not valid"),
        Failure.REFUSED: failed(400, 1009, "Parameter value is not valid", "text.body"),
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "signature dropped": mutate.header_dropped(SIGNATURE),
        "signature emptied": mutate.header_emptied(SIGNATURE),
        "signature changed": mutate.header_flipped(SIGNATURE),
        "signature cut": mutate.header_cut(SIGNATURE),
        "body changed": mutate.body_flipped,
        "body extended": mutate.body_extended,
    }

    def genuine(self, payload: bytes) -> WireRequest:
        signed = b64encode(digest(self.config["hmac_secret"].encode(), payload, "sha256")).decode()
        headers = {"content-type": "application/json", "x-turn-hook-subscription": "whatsapp", SIGNATURE: signed}
        return WireRequest("POST", urlsplit(self.hub_url).path or "/", headers, payload)

    def change(self, **value: Any) -> bytes:
        return msgspec.json.encode(value)

    async def answer(self, request: WireRequest) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self.config['token']}":
            return self.FAILURES[Failure.UNAUTHORIZED]
        account = self.config["business_account_id"]
        match request.method, urlsplit(request.path).path:
            case "POST", "/v1/messages":
                return self._message(request)
            case "POST", "/v1/media":
                return self._bring(request)
            case "GET", path if path.startswith("/v1/media/"):
                media_type, content = self.files.get(path.rpartition("/")[2], ("", b""))
                return Reply(200, content, {"content-type": media_type}) if media_type else Reply(404)
            case "GET", path if path.endswith(f"/{account}/message_templates"):
                return self._templates(request)
        return failed(404, 1006, "Resource not found")

    def _message(self, request: WireRequest) -> Reply:
        """As the Cloud API takes it, without what is the Cloud API's alone."""
        body = simulated.body_of(request)
        if any(name in body for name in ("messaging_product", "biz_opaque_callback_data")):
            return failed(400, 1008, "Parameter is not known")
        if self._links(body):
            return failed(400, 1009, "Parameter value is not valid", "link")
        return self._taken(replace(request, body=msgspec.json.encode({"messaging_product": "whatsapp", **body})))

    def _links(self, body: Any) -> bool:
        """Whether a file goes by an address; here files are brought first."""
        if isinstance(body, dict):
            return "link" in body or any(map(self._links, body.values()))
        return isinstance(body, list) and any(map(self._links, body))

    def _bring(self, request: WireRequest) -> Reply:
        name = f"brought-{len(self.files) + 1}"
        self.files[name] = (request.headers.get("content-type", ""), request.body)
        return Reply.json({"media": [{"id": name}]}, 201)

    def _templates(self, request: WireRequest) -> Reply:
        start = int(simulated.query_of(request).get("after", "0"))
        page, more = self.templates[start : start + 2], start + 2 < len(self.templates)
        paging = {"cursors": {"after": str(start + 2)}, **({"next": f"{self.url}/next"} if more else {})}
        return Reply.json({"data": page, "paging": paging})


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="Turn.io over loopback.")
    for option in ("token", "hmac-secret"):
        wanted.add_argument(f"--{option}", default=f"simulator-{option}")
    wanted.add_argument("--business-account-id", default="2088")
    run(Simulator(vars(wanted.parse_args())))
