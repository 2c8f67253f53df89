"""A workspace's settings, somebody it talks to, and a Rocket.Chat that always answers the same."""

from pathlib import Path

from connectors.channels import rocketchat
from connectors.channels.rocketchat import RocketChat
from connectors.channels.rocketchat.simulator import ROOM, VISITOR, Simulator
from connectors.kit.base import Outbound
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

FIXTURES = Path(rocketchat.__file__).parent / "fixtures"
SETTINGS = {
    "api_base": "https://chat.example.com",
    "user_id": "hub4PcP7xftHaXjjc",
    "auth_token": "token-nobody-shall-see-000001",
    "webhook_secret": "word-nobody-shall-see-0000001",
}
HELLO = Outbound(
    token="1.1", address=Address(scheme="rocketchat", value=VISITOR), payload=Payload(text="Hello"), thread=ROOM
)


def answering(reply):
    return beside.answering(Simulator, SETTINGS, reply)


def during(provider, act, **settings):
    """What `act` gives with a plugin that talks to `provider`."""
    return beside.during(RocketChat, provider, act, settings=settings)
