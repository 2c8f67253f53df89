"""Telnyx over loopback: `python -m connectors.channels.telnyx.simulator` runs it."""

from connectors.channels.telnyx import Telnyx
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(Telnyx)

if __name__ == "__main__":
    run_alone(Simulator)
