from fcm_app import FIXTURES

from connectors.channels.fcm import Fcm
from connectors.channels.fcm.simulator import Simulator
from connectors.kit.testing import conformance


class TestFcm(conformance(Fcm, FIXTURES, Simulator)):
    """Everything the kit asks of a plugin."""
