"""DMark Mobile over loopback: `python -m connectors.channels.dmark.simulator` runs it."""

from connectors.channels.dmark import DMark
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(DMark)

if __name__ == "__main__":
    run_alone(Simulator)
