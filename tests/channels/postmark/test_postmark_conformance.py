from pathlib import Path

from connectors.channels import postmark
from connectors.channels.postmark import Postmark
from connectors.channels.postmark.simulator import Simulator
from connectors.kit.testing import conformance

FIXTURES = Path(postmark.__file__).parent / "fixtures"


class TestPostmark(conformance(Postmark, FIXTURES, Simulator)):
    """Every promise of the contract, on this plugin."""
