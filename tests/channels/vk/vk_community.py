"""A community's settings, somebody it talks to, and a VK that always answers the same."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import vk
from connectors.channels.vk import Vk
from connectors.channels.vk.simulator import CODE, Simulator
from connectors.kit.base import Outbound, Tools
from connectors.kit.config import configured
from connectors.kit.http import Http
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

T = TypeVar("T")
FIXTURES = Path(vk.__file__).parent / "fixtures"
TOKEN = "vk1.a.token-nobody-shall-see"
SECRET = "secretNobodyShallSee"
SETTINGS: dict[str, Any] = {"group_id": 777, "access_token": TOKEN, "secret": SECRET, "confirmation": CODE}
OLGA = "12345"
HELLO = Outbound(token="1.1", address=Address(scheme="vk", value=OLGA), payload=Payload(text="Hello"))


def plugin(**settings: Any) -> Vk:
    config = configured(Vk.Config, {**SETTINGS, **settings})
    return Vk(config, Tools("support", Http("support"), lambda: beside.NOW, beside.HOOK))


def answering(reply: Reply) -> Simulator:
    return beside.answering(Simulator, SETTINGS, reply)


def during(provider: Simulator, act: Callable[[Vk], Awaitable[T]], **more: Any) -> T:
    """What `act` gives with a plugin that talks to `provider`."""
    return beside.during(Vk, provider, act, **more)
