"""Kaleyra WhatsApp over loopback: `python -m connectors.channels.kaleyra.simulator` runs it."""

from connectors.channels.kaleyra import Kaleyra
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(Kaleyra)

if __name__ == "__main__":
    run_alone(Simulator)
