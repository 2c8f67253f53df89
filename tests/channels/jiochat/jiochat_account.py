"""A channel's settings, somebody it talks to, and a JioChat that always answers the same."""

from pathlib import Path

from connectors.channels import jiochat
from connectors.channels.jiochat import JioChat
from connectors.channels.jiochat.simulator import ASHA, Simulator
from connectors.kit.base import Outbound, Tools
from connectors.kit.config import configured
from connectors.kit.http import Http
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

FIXTURES = Path(jiochat.__file__).parent / "fixtures"
SECRET = "appsecret0nobody0shall0see"
PATH_SECRET = "path-nobody-shall-see-01"
SETTINGS = {"app_id": "app-1", "app_secret": SECRET, "path_secret": PATH_SECRET}
HELLO = Outbound(token="1.1", address=Address(scheme="jiochat", value=ASHA), payload=Payload(text="Hello"))


def plugin(**settings):
    config = configured(JioChat.Config, {**SETTINGS, **settings})
    return JioChat(config, Tools("support", Http("support"), lambda: beside.NOW, beside.HOOK))


def answering(reply):
    return beside.answering(Simulator, SETTINGS, reply)


def during(provider, act, **more):
    """What `act` gives with a plugin that talks to `provider`."""
    return beside.during(JioChat, provider, act, **more)
