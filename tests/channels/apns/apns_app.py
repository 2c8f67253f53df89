"""The settings of an iOS app, a device of a user of it, and an APNs that always answers the same."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import apns
from connectors.channels.apns import Apns
from connectors.channels.apns.simulator import Simulator
from connectors.kit.base import Outbound
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

T = TypeVar("T")
FIXTURES = Path(apns.__file__).parent / "fixtures"
KEY = json.loads((FIXTURES / "config.json").read_text())["config"]["signing_key"]
SETTINGS = {
    "users": "app",
    "jwt_secret": "users-secret-of-the-tests-00000001",
    "signing_key": KEY,
    "key_id": "ABC123DEFG",
    "team": "DEF123GHIJ",
    "bundle": "com.example.acme",
    "title": "Acme",
}
PHONE = Simulator(SETTINGS).device("phone")["token"]


def hello(text: str = "Hello", to: str = PHONE, number: int = 1) -> Outbound:
    return Outbound(
        token=f"{number}.1",
        address=Address(scheme="apns", value=to),
        payload=Payload(text=text),
        message_id="01999999-0000-7000-8000-000000000001",
        conversation_id="01999999-0000-7000-8000-00000000000c",
    )


def answering(reply: Reply) -> Simulator:
    return beside.answering(Simulator, SETTINGS, reply)


def during(provider: Simulator, act: Callable[[Apns], Awaitable[T]], **settings: Any) -> T:
    """What `act` gives with a plugin that talks to `provider`."""
    return beside.during(Apns, provider, act, settings=settings, clock=lambda: datetime.now(UTC))
