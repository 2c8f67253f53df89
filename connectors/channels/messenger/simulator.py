"""The Send API over loopback: `python -m connectors.channels.messenger.simulator` runs it alone.

It checks the token, takes messages and refuses what the real one refuses by the same codes, gives out files, and keeps
the address of the webhook. Webhooks it makes with `genuine`; what they say, with `message`, `item`, `echo` and others.
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

FILES: Final = "/cdn/"
TEXT: Final = 2000
ANA: Final = "5001001"
APP: Final = 77


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failed(400, 613, "(#613) Calls to this api have exceeded the rate limit."),
        Failure.SERVER_ERROR: failed(500, 1, "An unknown error occurred"),
        Failure.UNAUTHORIZED: failed(401, 190, "Error validating access token", 463),
        Failure.UNREACHABLE: failed(400, 551, "(#551) This person isn't available right now.", 1545041),
        Failure.REFUSED: failed(400, 100, "(#100) Length of param message[text] must be less than or equal to 2000"),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {
        Failure.BLOCKED: "who blocked the page is not told from who left: nobody is available (551)"
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = simulated.MUTATORS

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.sent: dict[str, dict[str, Any]] = {}
        """What was taken, by its id."""
        self.shown: list[dict[str, Any]] = []
        """Signs and reactions."""
        self.subscription: dict[str, Any] | None = None
        self.files: dict[str, tuple[str, bytes]] = {}
        # Beginning with the time, so that what another run made is not taken for the same message.
        self._numbers = itertools.count(int(time() * 1000))
        page, app = config["page_id"], config.get("app_id")
        self._routes: Mapping[tuple[str, str], Callable[[WireRequest], Reply]] = {
            ("POST", f"{page}/messages"): self._messages,
            ("GET", page): lambda _: Reply.json({"id": page, "name": "Acme"}),
            ("POST", f"{page}/subscribed_apps"): lambda _: Reply.json({"success": True}),
            ("DELETE", f"{page}/subscribed_apps"): lambda _: Reply.json({"success": True}),
        }
        self._apps: Mapping[tuple[str, str], Callable[[WireRequest], Reply]] = {
            ("GET", f"{app}/subscriptions"): self._subscribed,
            ("POST", f"{app}/subscriptions"): self._subscribe,
        }

    # --- the provider's side of a webhook -----------------------------------------------------------------------------

    def genuine(self, payload: bytes) -> WireRequest:
        return simulated.genuine(self.config, self.hub_url, payload)

    def handshake(self, challenge: str = "1158201444") -> WireRequest:
        return simulated.handshake(self.config, self.hub_url, challenge)

    def message(self, text: str = "hi", sender: str = ANA) -> bytes:
        return self.item(sender, message={"mid": self.name(), "text": text})

    def item(self, sender: str = ANA, *, kind: str = "messaging", **told: Any) -> bytes:
        """A webhook for one item, by a person."""
        page = self.config["page_id"]
        item = {"sender": {"id": sender}, "recipient": {"id": page}, "timestamp": int(time() * 1000), **told}
        return self.batch({kind: [item]})

    def echo(self, name: str, *, metadata: str | None = None, to: str = ANA, **message: Any) -> bytes:
        """A webhook for what the page said."""
        told = {"mid": name, "is_echo": True, "app_id": APP, **message}
        told |= {"metadata": metadata} if metadata else {}
        page = {"id": self.config["page_id"]}
        item = {"sender": page, "recipient": {"id": to}, "timestamp": int(time() * 1000), "message": told}
        return self.batch({"messaging": [item]})

    def held(self, content: bytes, media_type: str = "image/jpeg", kind: str = "image") -> bytes:
        """A webhook for a file, which can then be fetched."""
        name = str(next(self._numbers))
        self.files[name] = (media_type, content)
        attachment = {"type": kind, "payload": {"url": f"{self.url}{FILES}{name}"}}
        return self.item(message={"mid": self.name(), "attachments": [attachment]})

    def batch(self, *entries: Mapping[str, Any]) -> bytes:
        told = [{"id": self.config["page_id"], "time": int(time() * 1000), **entry} for entry in entries]
        return msgspec.json.encode({"object": "page", "entry": told})

    def name(self) -> str:
        """Of the next message."""
        return f"m_{next(self._numbers)}"

    # --- the Graph API ------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return request.method == "POST" and request.path.endswith("/messages")

    async def answer(self, request: WireRequest) -> Reply:
        if request.path.startswith(FILES):
            return self._file(request.path.removeprefix(FILES))
        asked = (request.method, simulated.path_of(request, self.config) or "")
        app = {**self.config, "access_token": f"{self.config.get('app_id')}|{self.config['app_secret']}"}
        routes, may = (self._apps, app) if asked in self._apps else (self._routes, self.config)
        if not simulated.may(request, may):
            return self.FAILURES[Failure.UNAUTHORIZED]
        route = routes.get(asked)
        return route(request) if route is not None else failed(404, 100, "Unsupported request", 33)

    def _messages(self, request: WireRequest) -> Reply:
        body = simulated.body_of(request)
        whom = body.get("recipient", {}).get("id", "")
        if "sender_action" in body:
            self.shown.append(body)
            return Reply.json({"recipient_id": whom})
        if len(body.get("message", {}).get("text", "")) > TEXT:
            return self.FAILURES[Failure.REFUSED]
        if not body.get("message") or body.get("messaging_type") not in ("RESPONSE", "MESSAGE_TAG"):
            return failed(400, 100, "(#100) Param message must be non-empty.")
        name = self.name()
        self.sent[name] = body
        return Reply.json({"recipient_id": whom, "message_id": name})

    def _subscribed(self, _: WireRequest) -> Reply:
        return Reply.json({"data": [self.subscription] if self.subscription else []})

    def _subscribe(self, request: WireRequest) -> Reply:
        told = simulated.body_of(request)
        if told.get("verify_token") != self.config["verify_token"]:
            return failed(400, 2200, "(#2200) Callback verification failed")
        fields = [{"name": name, "version": "v25.0"} for name in told["fields"].split(",")]
        url = told["callback_url"]
        self.subscription = {"object": told["object"], "callback_url": url, "active": True, "fields": fields}
        return Reply.json({"success": True})

    def _file(self, name: str) -> Reply:
        if name not in self.files:
            return Reply(403)
        media_type, content = self.files[name]
        return Reply(200, content, {"content-type": media_type})


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="Messenger over loopback.")
    for option in ("app-secret", "access-token", "verify-token"):
        wanted.add_argument(f"--{option}", default=f"simulator-{option}")
    wanted.add_argument("--page-id", default="1077")
    run(Simulator(vars(wanted.parse_args())))
