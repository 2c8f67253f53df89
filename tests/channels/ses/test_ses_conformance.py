from pathlib import Path

from connectors.channels import ses
from connectors.channels.ses import Ses
from connectors.channels.ses.simulator import Simulator
from connectors.kit.testing import conformance

FIXTURES = Path(ses.__file__).parent / "fixtures"


class TestSes(conformance(Ses, FIXTURES, Simulator)):
    """Every promise of the contract, on this plugin."""
