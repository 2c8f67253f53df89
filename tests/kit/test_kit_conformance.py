"""The suite passes the complete example."""

from pathlib import Path

import pigeon
from pigeon import Pigeon
from pigeon.simulator import Simulator

from connectors.kit.testing import conformance


class TestPigeon(conformance(Pigeon, Path(pigeon.__file__).parent / "fixtures", Simulator)): ...
