"""A server's settings, a mail to send, and a Postmark that always answers the same."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from connectors.channels.postmark import Postmark
from connectors.channels.postmark.simulator import Simulator
from connectors.kit.base import Outbound
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

T = TypeVar("T")
SETTINGS = {
    "address": "help@example.com",
    "server_token": "server-token-nobody_shall_see",
    "webhook_password": "webhook-password-nobody-sees",
}
HELLO = Outbound(token="1.1", address=Address(scheme="mailto", value="ann@example.net"), payload=Payload(text="Hello"))


def answering(reply: Reply) -> Simulator:
    return beside.answering(Simulator, SETTINGS, reply)


def during(provider: Simulator, act: Callable[[Postmark], Awaitable[T]], **settings: Any) -> T:
    return beside.during(Postmark, provider, act, settings=settings)
