"""An official account's settings, somebody it talks to, and a WeChat that always answers the same."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import wechat
from connectors.channels.wechat import WeChat
from connectors.channels.wechat.simulator import Simulator
from connectors.kit.base import Outbound, Tools
from connectors.kit.config import configured
from connectors.kit.http import Http
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

T = TypeVar("T")
FIXTURES = Path(wechat.__file__).parent / "fixtures"
APP_ID = "wx8888888888888888"
KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aQ"
SECRET = "appsecret0nobody0shall0see000000"
TOKEN = "tokenNobodyShallSee"
SETTINGS: dict[str, Any] = {"app_id": APP_ID, "app_secret": SECRET, "token": TOKEN, "aes_key": KEY}
MEI = "oQ3yZ5k1m8abcDEFghIJKLmn0pQr"
HELLO = Outbound(token="1.1", address=Address(scheme="wechat", value=MEI), payload=Payload(text="Hello"))


def plugin(**settings: Any) -> WeChat:
    config = configured(WeChat.Config, {**SETTINGS, **settings})
    return WeChat(config, Tools("support", Http("support"), lambda: beside.NOW, beside.HOOK))


def answering(reply: Reply) -> Simulator:
    return beside.answering(Simulator, SETTINGS, reply)


def during(provider: Simulator, act: Callable[[WeChat], Awaitable[T]], **more: Any) -> T:
    """What `act` gives with a plugin that talks to `provider`."""
    return beside.during(WeChat, provider, act, **more)
