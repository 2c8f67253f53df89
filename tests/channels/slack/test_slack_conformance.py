from slack_app import FIXTURES

from connectors.channels.slack import Slack
from connectors.channels.slack.simulator import Simulator
from connectors.kit.testing import conformance


class TestSlack(conformance(Slack, FIXTURES, Simulator)):
    """Every promise of the contract, on this plugin."""
