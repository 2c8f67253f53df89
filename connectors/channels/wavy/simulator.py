"""Wavy over loopback: `python -m connectors.channels.wavy.simulator` runs it."""

from connectors.channels.wavy import Wavy
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(Wavy)

if __name__ == "__main__":
    run_alone(Simulator)
