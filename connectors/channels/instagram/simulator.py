"""Instagram's Send API over loopback: `python -m connectors.channels.instagram.simulator` runs it alone.

It checks the token, takes messages, refuses what the real one refuses by the same codes and gives out files. Webhooks
it makes with `genuine`; what they say, with `message`, `item`, `echo` and others.
"""

import argparse
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from connectors.families.meta.sending_api import Routes, SendApi, failures
from connectors.kit.testing.simulator import HUB_URL, Failure, Reply, WireRequest, run

TEXT: Final = 1000
"""Octets."""
ANA: Final = "6001001"


class Simulator(SendApi):
    OBJECT, OWNER, NAMES, PERSON, UNDER = "instagram", "account_id", "aWd", ANA, "replies"
    FAILURES: ClassVar[Mapping[Failure, Reply]] = failures(TEXT)
    LACKS: ClassVar[Mapping[Failure, str]] = {
        Failure.BLOCKED: "who blocked the account is not told from who left: nobody is available (551)"
    }

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        super().__init__(config, hub_url)
        self._routes: Routes = {
            ("POST", "me/messages"): self.messages,
            ("GET", self.owner): lambda _: Reply.json({"id": self.owner, "username": "acme"}),
        }

    def echo(self, name: str, *, to: str | None = None, **message: Any) -> bytes:
        """A webhook for what the account said."""
        return self.echoed(to, {"mid": name, "is_echo": True, **message})

    def commented(self, name: str, words: str, *, under: str | None = None, **told: Any) -> bytes:
        """A webhook for a comment of Ana's, under a post or another comment."""
        media = {"id": "180001", "media_product_type": "FEED"}
        value = {"id": name, "from": {"id": ANA, "username": "ana"}, "text": words, "media": media}
        value |= {"parent_id": under} if under else {}
        return self.batch({"changes": [{"field": "comments", "value": {**value, **told}}]})

    def fits(self, text: str) -> bool:
        return len(text.encode()) <= TEXT

    async def answer(self, request: WireRequest) -> Reply:
        found = self.file(request)
        return self.asked(request, self._routes, self.config) if found is None else found


if __name__ == "__main__":
    wanted = argparse.ArgumentParser(description="Instagram messages over loopback.")
    for option in ("app-secret", "access-token", "verify-token"):
        wanted.add_argument(f"--{option}", default=f"simulator-{option}")
    wanted.add_argument("--account-id", default="1784")
    run(Simulator(vars(wanted.parse_args())))
