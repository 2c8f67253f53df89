"""An account's settings, somebody it talks to, and a Zalo that always answers the same."""

from pathlib import Path

from connectors.channels import zalo
from connectors.channels.zalo import Zalo
from connectors.channels.zalo.simulator import USER, Simulator
from connectors.kit.base import Outbound
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

FIXTURES = Path(zalo.__file__).parent / "fixtures"
SETTINGS = {
    "app_id": "2556077231234",
    "oa_id": "366080010172812341",
    "oa_secret_key": "word-nobody-shall-see-0000001",
    "access_token": "token-nobody-shall-see-000001",
}
ALLOWED = {
    **{name: value for name, value in SETTINGS.items() if name != "access_token"},
    "app_secret_key": "app-secret-nobody-shall-see-01",
}
"""Where the hub gets the access token."""
HELLO = Outbound(token="1.1", address=Address(scheme="zalo", value=USER), payload=Payload(text="Hello"))


def answering(reply):
    return beside.answering(Simulator, SETTINGS, reply)


def during(provider, act, **settings):
    """What `act` gives with a plugin that talks to `provider`."""
    return beside.during(Zalo, provider, act, settings=settings)
