"""An app's settings, a reply, and the simulator with the plugin beside it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from connectors.channels import googleplay_reviews
from connectors.channels.googleplay_reviews import GooglePlayReviews
from connectors.channels.googleplay_reviews.simulator import FIRST, Simulator, new_account
from connectors.kit.base import Outbound
from connectors.kit.fixtures import WireRequest
from connectors.kit.testing.simulator import Reply
from normalizer.inbound import Address
from normalizer.payload import Payload
from tests.channels import beside

T = TypeVar("T")
FIXTURES = Path(googleplay_reviews.__file__).parent / "fixtures"
SETTINGS = {"package_name": "com.example.acme", "service_account_key": new_account()}


def saying(text: str, piece: str = "1.1", review: str = FIRST) -> Outbound:
    address = Address(scheme="googleplay_review", value=review)
    return Outbound(token=piece, address=address, payload=Payload(text=text), message_id="m1")


HELLO = saying("Sorry!")


def answering(reply: Reply) -> Simulator:
    """It gives tokens, and the same answer to all else."""

    class Answering(Simulator):
        async def answer(self, request: WireRequest) -> Reply:
            return await super().answer(request) if request.path == "/token" else reply

    return Answering(SETTINGS)


def during(provider: Simulator, act: Callable[[GooglePlayReviews], Awaitable[T]], **settings: Any) -> T:
    """What `act` gives with a plugin that talks to `provider`."""
    return beside.during(GooglePlayReviews, provider, act, settings=settings)
