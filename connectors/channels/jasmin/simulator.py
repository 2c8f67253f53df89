"""Jasmin over loopback: `python -m connectors.channels.jasmin.simulator` runs it."""

from connectors.channels.jasmin import Jasmin
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(Jasmin)

if __name__ == "__main__":
    run_alone(Simulator)
