"""The settings of an app's page, a browser of a user of it, and a push service that always answers the same."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from connectors.channels import web_push
from connectors.channels.web_push import WebPush
from connectors.channels.web_push.simulator import Simulator
from connectors.channels.web_push.subscription import Seal, Subscription
from connectors.channels.web_push.vapid import read_key
from connectors.kit.base import Outbound
from connectors.kit.secret import Secret
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

T = TypeVar("T")
FIXTURES = Path(web_push.__file__).parent / "fixtures"
VAPID = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"
SETTINGS = {
    "users": "app",
    "jwt_secret": "users-secret-of-the-tests-00000001",
    "vapid_private_key": VAPID,
    "subject": "mailto:push@acme.example.com",
    "title": "Acme",
}


def address(subscription: dict[str, Any], vapid: str = VAPID) -> Address:
    sealed = Seal(read_key(Secret(vapid))).close(msgspec.convert(subscription, Subscription))
    return Address(scheme="web_push", value=sealed)


def hello(to: Address | None = None, text: str = "Hello") -> Outbound:
    return Outbound(
        token="1.1",
        address=to or address(Simulator(SETTINGS).browser("desk")),
        payload=Payload(text=text),
        message_id="01999999-0000-7000-8000-000000000001",
        conversation_id="01999999-0000-7000-8000-00000000000c",
    )


def answering(reply: Reply) -> Simulator:
    return beside.answering(Simulator, SETTINGS, reply)


def during(provider: Simulator, act: Callable[[WebPush], Awaitable[T]], **settings: Any) -> T:
    """What `act` gives with a plugin that talks to `provider`."""
    return beside.during(WebPush, provider, act, settings=settings, clock=lambda: datetime.now(UTC))
