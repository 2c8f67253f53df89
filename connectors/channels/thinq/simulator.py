"""ThinQ over loopback: `python -m connectors.channels.thinq.simulator` runs it."""

from connectors.channels.thinq import ThinQ
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(ThinQ)

if __name__ == "__main__":
    run_alone(Simulator)
