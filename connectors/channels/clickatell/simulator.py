"""Clickatell over loopback: `python -m connectors.channels.clickatell.simulator` runs it."""

from connectors.channels.clickatell import Clickatell
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(Clickatell)

if __name__ == "__main__":
    run_alone(Simulator)
