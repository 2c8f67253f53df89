"""The settings of an app's Firebase project, a device of a user of it, and an FCM that always answers the same."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import fcm
from connectors.channels.fcm import Fcm
from connectors.channels.fcm.simulator import Simulator
from connectors.kit.base import Outbound
from connectors.kit.fixtures import WireRequest
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

T = TypeVar("T")
FIXTURES = Path(fcm.__file__).parent / "fixtures"
ACCOUNT = json.loads((FIXTURES / "config.json").read_text())["config"]["service_account"]
SETTINGS = {
    "users": "app",
    "jwt_secret": "users-secret-of-the-tests-00000001",
    "service_account": ACCOUNT,
    "title": "Acme",
}


def hello(text: str = "Hello", to: str | None = None) -> Outbound:
    return Outbound(
        token="1.1",
        address=Address(scheme="fcm", value=to or Simulator(SETTINGS).device("phone")["token"]),
        payload=Payload(text=text),
        message_id="01999999-0000-7000-8000-000000000001",
        conversation_id="01999999-0000-7000-8000-00000000000c",
    )


class Answering(Simulator):
    """Gives every message the same answer, and access tokens as usual."""

    def __init__(self, reply: Reply, tokens: Reply | None = None) -> None:
        super().__init__(SETTINGS)
        self.reply, self.tokens = reply, tokens

    async def answer(self, request: WireRequest) -> Reply:
        if request.path == "/token":
            return self.tokens or await super().answer(request)
        return self.reply


def during(provider: Simulator, act: Callable[[Fcm], Awaitable[T]], **settings: Any) -> T:
    """What `act` gives with a plugin that talks to `provider`."""
    return beside.during(Fcm, provider, act, settings=settings, clock=lambda: datetime.now(UTC))
