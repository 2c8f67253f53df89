"""A forum's settings, an answer, and the simulator with the plugin beside it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import discourse
from connectors.channels.discourse import Discourse
from connectors.channels.discourse.simulator import Simulator
from connectors.kit.base import Outbound
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

T = TypeVar("T")
FIXTURES = Path(discourse.__file__).parent / "fixtures"
SETTINGS = {
    "api_base": "https://forum.example.com",
    "api_key": "a-key-nobody-shall-see",
    "username": "support",
    "webhook_secret": "a-secret-nobody-shall-see",
}


def saying(text: str, **fields: Any) -> Outbound:
    told = {"thread": "77", **fields}
    return Outbound(token="1.1", address=Address(scheme="discourse", value="1001"), payload=Payload(text=text), **told)


HELLO = saying("Hello there")


def answering(reply: Reply) -> Simulator:
    return beside.answering(Simulator, SETTINGS, reply)


def during(provider: Simulator, act: Callable[[Discourse], Awaitable[T]], **settings: Any) -> T:
    """What `act` gives with a plugin that talks to `provider`."""
    return beside.during(Discourse, provider, act, settings=settings)
