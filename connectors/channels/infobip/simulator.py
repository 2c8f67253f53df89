"""Infobip over loopback: `python -m connectors.channels.infobip.simulator` runs it."""

from connectors.channels.infobip import Infobip
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(Infobip)

if __name__ == "__main__":
    run_alone(Simulator)
