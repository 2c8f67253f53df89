from apple import FIXTURES

from connectors.channels.appstore_reviews import AppStoreReviews
from connectors.channels.appstore_reviews.simulator import Simulator
from connectors.kit.testing import conformance


class TestAppStoreReviews(conformance(AppStoreReviews, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
