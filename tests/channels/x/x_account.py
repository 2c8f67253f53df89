"""An account's settings, somebody it writes to, and an X that always answers the same."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import x
from connectors.channels.x import X
from connectors.channels.x.simulator import Simulator
from connectors.kit.base import Outbound
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

T = TypeVar("T")
FIXTURES = Path(x.__file__).parent / "fixtures"
US, ANA = "111", "222"
SETTINGS = {
    "user_id": US,
    "consumer_key": "consumer-key",
    "consumer_secret": "consumer-secret-nobody-shall-see",
    "access_token": "111-access-token-nobody-shall-see",
    "access_token_secret": "access-secret-nobody-shall-see",
    "bearer_token": "bearer-token-nobody-shall-see",
}
ALLOWED = {
    "user_id": US,
    "consumer_secret": "consumer-secret-nobody-shall-see",
    "client_id": "client-id",
    "client_secret": "client-secret-nobody-shall-see",
    "bearer_token": "bearer-token-nobody-shall-see",
}
"""By OAuth 2.0."""
SECRETS = ("consumer_secret", "access_token", "access_token_secret", "bearer_token")
ADDRESS = Address(scheme="x", value=ANA)
HELLO = Outbound(token="1.1", address=ADDRESS, payload=Payload(text="Hello"))


def answering(reply: Reply) -> Simulator:
    return beside.answering(Simulator, SETTINGS, reply)


def during(provider: Simulator, act: Callable[[X], Awaitable[T]], **settings: Any) -> T:
    """What `act` gives with a plugin that talks to `provider`."""
    return beside.during(X, provider, act, settings=settings)
