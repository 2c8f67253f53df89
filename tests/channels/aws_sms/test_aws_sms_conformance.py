from pathlib import Path

from connectors.channels import aws_sms
from connectors.channels.aws_sms import AwsSms
from connectors.channels.aws_sms.simulator import Simulator
from connectors.kit.testing import conformance

FIXTURES = Path(aws_sms.__file__).parent / "fixtures"


class TestAwsSms(conformance(AwsSms, FIXTURES, Simulator)):
    """Every promise of the contract, on this plugin."""
