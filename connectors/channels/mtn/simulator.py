"""MTN over loopback: `python -m connectors.channels.mtn.simulator` runs it."""

from connectors.channels.mtn import Mtn
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(Mtn)

if __name__ == "__main__":
    run_alone(Simulator)
