"""Instagram's Send API over loopback: `python -m connectors.channels.instagram.simulator` runs it alone.

It checks the token, takes messages, refuses what the real one refuses by the same codes and gives out files. Webhooks
it makes with `genuine`; what they say, with `message`, `item`, `echo` and others.
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
TEXT: Final = 1000
"""Octets."""
ANA: Final = "6001001"


class Simulator(LoopbackSimulator):
    FAILURES: ClassVar[Mapping[Failure, Reply]] = {
        Failure.RATE_LIMITED: failed(400, 613, "(#613) Calls to this api have exceeded the rate limit."),
        Failure.SERVER_ERROR: failed(500, 1, "An unknown error occurred"),
        Failure.UNAUTHORIZED: failed(401, 190, "Error validating access token", 463),
        Failure.UNREACHABLE: failed(400, 551, "(#551) This person isn't available right now.", 1545041),
        Failure.REFUSED: failed(400, 100, "(#100) Length of param message[text] must be less than or equal to 1000"),
    }
    LACKS: ClassVar[Mapping[Failure, str]] = {
        Failure.BLOCKED: "who blocked the account is not told from who left: nobody is available (551)"
    }
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]] = simulated.MUTATORS

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self.sent: dict[str, dict[str, Any]] = {}
        """What was taken, by its id."""
        self.shown: list[dict[str, Any]] = []
        """Signs and reactions."""
        self.files: dict[str, tuple[str, bytes]] = {}
        # Beginning with the time, so that what another run made is not taken for the same message.
        self._numbers = itertools.count(int(time() * 1000))
        account = config["account_id"]
        self._routes: Mapping[tuple[str, str], Callable[[WireRequest], Reply]] = {
            ("POST", "me/messages"): self._messages,
            ("GET", account): lambda _: Reply.json({"id": account, "username": "acme"}),
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
        account = self.config["account_id"]
        item = {"sender": {"id": sender}, "recipient": {"id": account}, "timestamp": int(time() * 1000), **told}
        return self.batch({kind: [item]})

    def echo(self, name: str, *, to: str = ANA, **message: Any) -> bytes:
        """A webhook for what the account said."""
        told = {"mid": name, "is_echo": True, **message}
        item = {"sender": {"id": self.config["account_id"]}, "recipient": {"id": to}, "message": told}
        return self.batch({"messaging": [{**item, "timestamp": int(time() * 1000)}]})

    def held(self, content: bytes, media_type: str = "image/jpeg", kind: str = "image") -> bytes:
        """A webhook for a file, which can then be fetched."""
        name = str(next(self._numbers))
        self.files[name] = (media_type, content)
        attachment = {"type": kind, "payload": {"url": f"{self.url}{FILES}{name}"}}
        return self.item(message={"mid": self.name(), "attachments": [attachment]})

    def batch(self, *entries: Mapping[str, Any]) -> bytes:
        told = [{"id": self.config["account_id"], "time": int(time() * 1000), **entry} for entry in entries]
        return msgspec.json.encode({"object": "instagram", "entry": told})

    def name(self) -> str:
        """Of the next message."""
        return f"aWd_{next(self._numbers)}"

    # --- the Graph API ------------------------------------------------------------------------------------------------

    def is_send(self, request: WireRequest) -> bool:
        return request.method == "POST" and request.path.endswith("/messages")

    async def answer(self, request: WireRequest) -> Reply:
        if request.path.startswith(FILES):
            return self._file(request.path.removeprefix(FILES))
        if not simulated.may(request, self.config):
            return self.FAILURES[Failure.UNAUTHORIZED]
        route = self._routes.get((request.method, simulated.path_of(request, self.config) or ""))
        return route(request) if route is not None else failed(404, 100, "Unsupported request", 33)

    def _messages(self, request: WireRequest) -> Reply:
        body = simulated.body_of(request)
        whom = body.get("recipient", {}).get("id", "")
        if "sender_action" in body:
            self.shown.append(body)
            return Reply.json({"recipient_id": whom})
        if len(body.get("message", {}).get("text", "").encode()) > TEXT:
            return self.FAILURES[Failure.REFUSED]
        if not body.get("message") or body.get("messaging_type") not in ("RESPONSE", "MESSAGE_TAG"):
            return failed(400, 100, "(#100) Param message must be non-empty.")
        name = self.name()
        self.sent[name] = body
        return Reply.json({"recipient_id": whom, "message_id": name})

    def _file(self, name: str) -> Reply:
        if name not in self.files:
            return Reply(403)
        media_type, content = self.files[name]
        return Reply(200, content, {"content-type": media_type})


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="Instagram messages over loopback.")
    for option in ("app-secret", "access-token", "verify-token"):
        wanted.add_argument(f"--{option}", default=f"simulator-{option}")
    wanted.add_argument("--account-id", default="1784")
    run(Simulator(vars(wanted.parse_args())))
