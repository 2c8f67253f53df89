"""Microsoft's client of App Store Connect is let in by the simulator, and signs what we sign.

It wants an older cryptography than ours, so it comes with nothing here: `pip install asconnect` into an environment of
its own runs this.
"""

import logging
from datetime import UTC, datetime

import pytest
from apple import SETTINGS

from connectors.channels.appstore_reviews import token
from connectors.channels.appstore_reviews.config import Config
from connectors.channels.appstore_reviews.simulator import Simulator
from connectors.kit.config import configured

pytest.importorskip("asconnect", reason="asconnect is not installed: it wants cryptography<47")
from asconnect.httpclient import HttpClient
from asconnect.reviews_client import ReviewsClient


@pytest.fixture
def provider():
    with Simulator(SETTINGS) as simulator:
        yield simulator


class Nearby(HttpClient):
    """Microsoft's client, of the simulator."""

    base = ""

    def generate_url(self, endpoint: str) -> str:
        return f"{self.base}/v1/{endpoint}"


def test_another_client_is_let_in_and_reads_the_list(provider):
    provider.write("Crashes", "Since the update", rating=1)
    key = {"key_id": SETTINGS["key_id"], "key_contents": SETTINGS["private_key"], "issuer_id": SETTINGS["issuer_id"]}
    client = Nearby(**key, log=logging.getLogger("judge"))
    client.base = provider.url
    newest, oldest = ReviewsClient(http_client=client, log=client.log).get_reviews(SETTINGS["app_id"])
    assert (newest.attributes.title, newest.attributes.rating, oldest.attributes.title) == ("Crashes", 1, "An old one")
    theirs = client.generate_token()
    ours = token(configured(Config, SETTINGS), datetime.now(UTC))
    assert provider._said(theirs) == provider._said(ours) == f"ES256 {SETTINGS['key_id']} {SETTINGS['issuer_id']}"
