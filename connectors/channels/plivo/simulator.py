"""Plivo over loopback: `python -m connectors.channels.plivo.simulator` runs it."""

from connectors.channels.plivo import Plivo
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(Plivo)

if __name__ == "__main__":
    run_alone(Simulator)
