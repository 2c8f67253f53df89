"""The Cloud API over loopback: `python -m connectors.channels.whatsapp.simulator` runs it alone.

It checks the token, takes messages and refuses what the real one refuses by the same codes, gives out files and the
list of templates, and keeps the address of the webhook. Webhooks it makes with `genuine`; what they say, with
`message`, `said`, `report` and others.
"""

import argparse
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import msgspec

from connectors.families.meta import simulated
from connectors.families.meta.simulated import failed
from connectors.families.meta.whatsapp.number import FILES, Number
from connectors.kit.request import Request
from connectors.kit.testing.simulator import HUB_URL, Failure, Reply, WireRequest, run


class Simulator(Number):
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = simulated.MUTATORS

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        number, account = config["phone_number_id"], config["business_account_id"]
        self._routes: Mapping[tuple[str, str], Callable[[WireRequest], Reply]] = {
            ("POST", f"{number}/messages"): self._taken,
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

    def change(self, field: str = "messages", **value: Any) -> bytes:
        """A webhook with one change."""
        metadata = {"display_phone_number": "15550001111", "phone_number_id": self.config["phone_number_id"]}
        change = {"field": field, "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
        entry = {"id": self.config["business_account_id"], "changes": [change]}
        return msgspec.json.encode({"object": "whatsapp_business_account", "entry": [entry]})

    # --- the Graph API ------------------------------------------------------------------------------------------------

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
            return self._where(path)
        return failed(400, 100, "Unsupported get request. Object does not exist", 33)

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


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="The WhatsApp Cloud API over loopback.")
    for option in ("app-secret", "access-token", "verify-token"):
        wanted.add_argument(f"--{option}", default=f"simulator-{option}")
    wanted.add_argument("--phone-number-id", default="1077")
    wanted.add_argument("--business-account-id", default="2088")
    run(Simulator(vars(wanted.parse_args())))
