"""An account's settings, a message, and the carrier's simulator with the plugin beside it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import smpp
from connectors.channels.smpp import Smpp
from connectors.channels.smpp.simulator import Simulator
from connectors.kit.base import Outbound
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

T = TypeVar("T")
FIXTURES = Path(smpp.__file__).parent / "fixtures"
SETTINGS = {"system_id": "acme", "password": "pass0rdX", "sender": "+447700900111", "response_seconds": 2.0}
BEFORE = {**SETTINGS, "api_base": "smpp://smsc.example.com"}
IRA = "+447700900222"


def saying(text: str, name: str = "1.1", to: str = IRA) -> Outbound:
    return Outbound(token=name, address=Address(scheme="tel", value=to), payload=Payload(text=text))


HELLO = saying("Hello")


def during(provider: Simulator, act: Callable[[Smpp], Awaitable[T]], **settings: Any) -> T:
    """What `act` gives with a plugin that talks to `provider`."""
    return beside.during(Smpp, provider, act, settings=settings)
