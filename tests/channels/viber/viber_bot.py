"""A bot's settings, somebody it talks to, and a Viber that always answers the same."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import viber
from connectors.channels.viber import Viber
from connectors.channels.viber.simulator import Simulator
from connectors.kit.base import Outbound
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

T = TypeVar("T")
FIXTURES = Path(viber.__file__).parent / "fixtures"
SETTINGS = {"token": "445da6az1s345z78-nobody-shall-see", "sender": "Acme"}
IRA = "01234567890A="
HELLO = Outbound(token="1.1", address=Address(scheme="viber", value=IRA), payload=Payload(text="Hello"))


def answering(reply: Reply) -> Simulator:
    return beside.answering(Simulator, SETTINGS, reply)


def during(provider: Simulator, act: Callable[[Viber], Awaitable[T]], **settings: Any) -> T:
    """What `act` gives with a plugin that talks to `provider`."""
    return beside.during(Viber, provider, act, settings=settings)
