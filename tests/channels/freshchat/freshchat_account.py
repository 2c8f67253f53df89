"""An account's settings, somebody it talks to, and a Freshchat that always answers the same."""

from pathlib import Path

from connectors.channels import freshchat
from connectors.channels.freshchat import Freshchat
from connectors.channels.freshchat.simulator import CHANNEL, CONVERSATION, Simulator, pair, public
from connectors.kit.base import Outbound
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

FIXTURES = Path(freshchat.__file__).parent / "fixtures"
AGENT = "fba1873d-67d6-4d63-be97-53b29ae1e42a"
SETTINGS = {"api_key": "token-nobody-shall-see-000001", "agent_id": AGENT, "public_key": public(pair())}
IRA = "882f3926-b292-414b-a411-96380db373cd"
HELLO = Outbound(
    token="1.1",
    address=Address(scheme="freshchat", value=IRA),
    payload=Payload(text="Hello"),
    thread=CONVERSATION,
)
BEGINNING = Outbound(token="1.2", address=Address(scheme="freshchat", value=IRA), payload=Payload(text="Hello"))
TOPIC = CHANNEL


def answering(reply):
    return beside.answering(Simulator, SETTINGS, reply)


def during(provider, act, **settings):
    """What `act` gives with a plugin that talks to `provider`."""
    return beside.during(Freshchat, provider, act, settings=settings)
