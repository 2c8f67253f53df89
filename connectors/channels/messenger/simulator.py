"""The Send API over loopback: `python -m connectors.channels.messenger.simulator` runs it alone.

It checks the token, takes messages and refuses what the real one refuses by the same codes, gives out files, and keeps
the address of the webhook. Webhooks it makes with `genuine`; what they say, with `message`, `item`, `echo` and others.
"""

import argparse
from collections.abc import Mapping
from time import time
from typing import Any, ClassVar, Final

from connectors.families.meta import simulated
from connectors.families.meta.sending_api import Routes, SendApi, failures
from connectors.families.meta.simulated import failed
from connectors.kit.testing.simulator import HUB_URL, Failure, Reply, WireRequest, run

TEXT: Final = 2000
ANA: Final = "5001001"
APP: Final = 77


def template(name: str, **told: Any) -> dict[str, Any]:
    """A text as the page's list has it."""
    button = {"type": "URL", "text": "Track", "url": "https://shop.example.com/orders/{{1}}"}
    components = [
        {"type": "HEADER", "format": "TEXT", "text": "Order {{1}}"},
        {"type": "BODY", "text": "Hello {{1}}, your order is {{2}} now."},
        {"type": "BUTTONS", "buttons": [button]},
    ]
    told = {"language": "en", "status": "APPROVED", "parameter_format": "POSITIONAL", **told}
    return {"name": name, "components": components, **told}


class Simulator(SendApi):
    OBJECT, OWNER, NAMES, PERSON, UNDER = "page", "page_id", "m", ANA, "comments"
    FAILURES: ClassVar[Mapping[Failure, Reply]] = failures(TEXT)
    LACKS: ClassVar[Mapping[Failure, str]] = {
        Failure.BLOCKED: "who blocked the page is not told from who left: nobody is available (551)"
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.templates: list[dict[str, Any]] = [template("order_update"), template("order_late", status="PENDING")]
        self.subscription: dict[str, Any] | None = None
        page, app = self.owner, config.get("app_id")
        self._routes: Routes = {
            ("POST", f"{page}/messages"): self.messages,
            ("GET", page): lambda _: Reply.json({"id": page, "name": "Acme"}),
            ("POST", f"{page}/subscribed_apps"): lambda _: Reply.json({"success": True}),
            ("GET", f"{page}/message_templates"): self._shelf,
            ("DELETE", f"{page}/subscribed_apps"): lambda _: Reply.json({"success": True}),
        }
        self._apps: Routes = {
            ("GET", f"{app}/subscriptions"): self._subscribed,
            ("POST", f"{app}/subscriptions"): self._subscribe,
        }

    def echo(self, name: str, *, metadata: str | None = None, to: str | None = None, **message: Any) -> bytes:
        """A webhook for what the page said."""
        told = {"mid": name, "is_echo": True, "app_id": APP, **message}
        return self.echoed(to, {**told, "metadata": metadata} if metadata else told)

    def commented(self, name: str, words: str, *, under: str | None = None, **told: Any) -> bytes:
        """A webhook for a comment of Ana's, under the page's post or another comment."""
        post = f"{self.owner}_900"
        value: dict[str, Any] = {"from": {"id": ANA, "name": "Ana Silva"}, "message": words}
        value |= {"item": "comment", "verb": "add", "comment_id": name, "parent_id": under or post}
        value |= {"post_id": post, "created_time": int(time())}
        return self.batch({"changes": [{"field": "feed", "value": {**value, **told}}]})

    def fits(self, text: str) -> bool:
        return len(text) <= TEXT

    async def answer(self, request: WireRequest) -> Reply:
        if (found := self.file(request)) is not None:
            return found
        if (request.method, simulated.path_of(request, self.config) or "") in self._apps:
            token = f"{self.config.get('app_id')}|{self.config['app_secret']}"
            return self.asked(request, self._apps, {**self.config, "access_token": token})
        return self.asked(request, self._routes, self.config)

    def _shelf(self, request: WireRequest) -> Reply:
        name = simulated.query_of(request).get("name", "")
        return Reply.json({"data": [one for one in self.templates if name in one["name"]]})

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


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="Messenger over loopback.")
    for option in ("app-secret", "access-token", "verify-token"):
        wanted.add_argument(f"--{option}", default=f"simulator-{option}")
    wanted.add_argument("--page-id", default="1077")
    run(Simulator(vars(wanted.parse_args())))
