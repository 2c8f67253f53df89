from play import FIXTURES

from connectors.channels.googleplay_reviews import GooglePlayReviews
from connectors.channels.googleplay_reviews.simulator import Simulator
from connectors.kit.testing import conformance


class TestGooglePlayReviews(conformance(GooglePlayReviews, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
