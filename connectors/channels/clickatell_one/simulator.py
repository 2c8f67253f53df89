"""Clickatell's One API over loopback: `python -m connectors.channels.clickatell_one.simulator` runs it."""

from connectors.channels.clickatell_one import ClickatellOne
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(ClickatellOne)

if __name__ == "__main__":
    run_alone(Simulator)
