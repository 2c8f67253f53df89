"""An account's settings, somebody it talks to, and a Weibo that always answers the same."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import weibo
from connectors.channels.weibo import Weibo
from connectors.channels.weibo.simulator import Simulator
from connectors.kit.base import Outbound, Tools
from connectors.kit.config import configured
from connectors.kit.http import Http
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

T = TypeVar("T")
FIXTURES = Path(weibo.__file__).parent / "fixtures"
SECRET = "appsecret0nobody0shall0see"
TOKEN = "2.00tokenNobodyShallSee"
SETTINGS: dict[str, Any] = {"account_id": 1902500011, "app_secret": SECRET, "access_token": TOKEN}
LI = "2489500022"
HELLO = Outbound(token="1.1", address=Address(scheme="weibo", value=LI), payload=Payload(text="Hello"))


def plugin(**settings: Any) -> Weibo:
    config = configured(Weibo.Config, {**SETTINGS, **settings})
    return Weibo(config, Tools("support", Http("support"), lambda: beside.NOW, beside.HOOK))


def answering(reply: Reply) -> Simulator:
    return beside.answering(Simulator, SETTINGS, reply)


def during(provider: Simulator, act: Callable[[Weibo], Awaitable[T]], **more: Any) -> T:
    """What `act` gives with a plugin that talks to `provider`."""
    return beside.during(Weibo, provider, act, **more)
