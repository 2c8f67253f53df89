"""Start Mobile over loopback: `python -m connectors.channels.start_mobile.simulator` runs it."""

from connectors.channels.start_mobile import StartMobile
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(StartMobile)

if __name__ == "__main__":
    run_alone(Simulator)
