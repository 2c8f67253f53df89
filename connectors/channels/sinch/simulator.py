"""Sinch over loopback: `python -m connectors.channels.sinch.simulator` runs it."""

from connectors.channels.sinch import Sinch
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(Sinch)

if __name__ == "__main__":
    run_alone(Simulator)
