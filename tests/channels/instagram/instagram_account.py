"""An account's settings, somebody it talks to, and a Send API that always answers the same."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import instagram
from connectors.channels.instagram import Instagram
from connectors.channels.instagram.simulator import ANA, Simulator
from connectors.kit.base import Outbound
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

T = TypeVar("T")
FIXTURES = Path(instagram.__file__).parent / "fixtures"
SECRETS = {
    "access_token": "IGAAnobody-shall-see-this-token",
    "app_secret": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "verify_token": "words-of-our-own",
}
SETTINGS: dict[str, Any] = {"account_id": "17840001", **SECRETS}
TO = Address(scheme="instagram", value=ANA)
TOKEN = "0199aa51-7c00-7d11-8a22-3b44c55d66e7.1"
HELLO = Outbound(token=TOKEN, address=TO, payload=Payload(text="Hello"))


def answering(reply: Reply) -> Simulator:
    return beside.answering(Simulator, SETTINGS, reply)


def during(provider: Simulator, act: Callable[[Instagram], Awaitable[T]], **settings: Any) -> T:
    """What `act` gives with a plugin that talks to `provider`."""
    return beside.during(Instagram, provider, act, settings=settings)
