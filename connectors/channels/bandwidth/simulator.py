"""Bandwidth over loopback: `python -m connectors.channels.bandwidth.simulator` runs it."""

from connectors.channels.bandwidth import Bandwidth
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(Bandwidth)

if __name__ == "__main__":
    run_alone(Simulator)
