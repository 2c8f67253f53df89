"""Mtarget over loopback: `python -m connectors.channels.mtarget.simulator` runs it."""

from connectors.channels.mtarget import Mtarget
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(Mtarget)

if __name__ == "__main__":
    run_alone(Simulator)
