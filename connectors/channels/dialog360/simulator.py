"""360dialog over loopback: `python -m connectors.channels.dialog360.simulator` runs it alone."""

import argparse
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import msgspec

from connectors.channels.dialog360 import KEY, PROOF
from connectors.families.meta import simulated
from connectors.families.meta.simulated import failed
from connectors.families.meta.whatsapp.number import FILES, Number
from connectors.kit.request import Request
from connectors.kit.testing import mutate
from connectors.kit.testing.simulator import HUB_URL, Failure, Reply, WireRequest, run

LOOKASIDE: Final = "https://lookaside.fbsbx.com"
TEMPLATES: Final = "/v1/configs/templates"
WEBHOOK: Final = "/v1/configs/webhook"


class Simulator(Number):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        **Number.FAILURES,
        Failure.UNAUTHORIZED: Reply.json(
            {"meta": {"success": False, "http_code": 401, "developer_message": "Invalid api key"}}, 401
        ),
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = {
        "secret dropped": mutate.header_dropped(PROOF),
        "secret emptied": mutate.header_emptied(PROOF),
        "secret changed": mutate.header_flipped(PROOF),
        "secret cut": mutate.header_cut(PROOF),
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.headers: dict[str, str] = {}
        """Set with the webhook."""

    def genuine(self, payload: bytes) -> WireRequest:
        headers = {"content-type": "application/json", PROOF: self.config["webhook_secret"]}
        return WireRequest("POST", urlsplit(self.hub_url).path or "/", headers, payload)

    def change(self, **value: Any) -> bytes:
        metadata = {"display_phone_number": "15550001111", "phone_number_id": "1077"}
        change = {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
        entry = {"id": "2088", "changes": [change]}
        return msgspec.json.encode({"object": "whatsapp_business_account", "entry": [entry]})

    async def answer(self, request: WireRequest) -> Reply:
        if request.headers.get(KEY.lower()) != self.config["api_key"]:
            return self.FAILURES[Failure.UNAUTHORIZED]
        path = urlsplit(request.path).path
        if path.startswith(FILES):
            return self._file(path)
        match request.method, path:
            case "POST", "/messages":
                return self._taken(request)
            case "GET", p if p == TEMPLATES:
                return self._templates(request)
            case "GET", p if p == WEBHOOK:
                return Reply.json({"url": self.webhook or "", "headers": self.headers})
            case "POST", p if p == WEBHOOK:
                told = simulated.body_of(request)
                self.webhook, self.headers = told["url"], told.get("headers", {})
                return Reply.json(told)
            case "GET", _ if path[1:] in self.files:
                return self._at_metas(path[1:])
        return failed(400, 100, "Unsupported get request. Object does not exist", 33)

    def _templates(self, request: WireRequest) -> Reply:
        """Two to a page, so that there are several; states in small letters."""
        start = int(simulated.query_of(request).get("offset", "0"))
        page = [{**one, "status": one["status"].lower()} for one in self.templates[start : start + 2]]
        told = {"count": len(page), "limit": 2, "offset": start, "total": len(self.templates)}
        return Reply.json({**told, "waba_templates": page})

    def _at_metas(self, name: str) -> Reply:
        """The address it tells is at Meta's, where the key is worth nothing."""
        told = msgspec.json.decode(self._where(name).body)
        return Reply.json({**told, "url": told["url"].replace(self.url, LOOKASIDE)})


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="360dialog over loopback.")
    wanted.add_argument("--api-key", default="simulator-api-key")
    wanted.add_argument("--webhook-secret", default="simulator-webhook-secret")
    run(Simulator(vars(wanted.parse_args())))
