"""Play Mobile over loopback: `python -m connectors.channels.playmobile.simulator` runs it."""

from connectors.channels.playmobile import PlayMobile
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(PlayMobile)

if __name__ == "__main__":
    run_alone(Simulator)
