"""Macrokiosk over loopback: `python -m connectors.channels.macrokiosk.simulator` runs it."""

from connectors.channels.macrokiosk import Macrokiosk
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(Macrokiosk)

if __name__ == "__main__":
    run_alone(Simulator)
