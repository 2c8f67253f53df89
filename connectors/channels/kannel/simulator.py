"""Kannel over loopback: `python -m connectors.channels.kannel.simulator` runs it."""

from connectors.channels.kannel import Kannel
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(Kannel)

if __name__ == "__main__":
    run_alone(Simulator)
