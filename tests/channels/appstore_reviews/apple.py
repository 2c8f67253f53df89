"""An app's settings, an answer, and the simulator with the plugin beside it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import appstore_reviews
from connectors.channels.appstore_reviews import AppStoreReviews
from connectors.channels.appstore_reviews.simulator import FIRST, Simulator, new_key
from connectors.kit.base import Outbound
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

T = TypeVar("T")
FIXTURES = Path(appstore_reviews.__file__).parent / "fixtures"
SETTINGS = {
    "app_id": "1234567890",
    "key_id": "ABC1234567",
    "issuer_id": "69a6de70-0000-47e3-e053-5b8c7c11a4d1",
    "private_key": new_key(),
}


def saying(text: str, piece: str = "1.1", review: str = FIRST) -> Outbound:
    address = Address(scheme="appstore_review", value=review)
    return Outbound(token=piece, address=address, payload=Payload(text=text), message_id="m1")


HELLO = saying("Sorry!")


def answering(reply: Reply) -> Simulator:
    return beside.answering(Simulator, SETTINGS, reply)


def during(provider: Simulator, act: Callable[[AppStoreReviews], Awaitable[T]], **settings: Any) -> T:
    """What `act` gives with a plugin that talks to `provider`."""
    return beside.during(AppStoreReviews, provider, act, settings=settings)
