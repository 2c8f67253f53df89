from pathlib import Path

from connectors.channels import sendgrid
from connectors.channels.sendgrid import SendGrid
from connectors.channels.sendgrid.simulator import Simulator
from connectors.kit.testing import conformance

FIXTURES = Path(sendgrid.__file__).parent / "fixtures"


class TestSendGrid(conformance(SendGrid, FIXTURES, Simulator)):
    """Every promise of the contract, on this plugin."""
