from pathlib import Path

from connectors.channels import mailgun
from connectors.channels.mailgun import Mailgun
from connectors.channels.mailgun.simulator import Simulator
from connectors.kit.testing import conformance

FIXTURES = Path(mailgun.__file__).parent / "fixtures"


class TestMailgun(conformance(Mailgun, FIXTURES, Simulator)):
    """Every promise of the contract, on this plugin."""
