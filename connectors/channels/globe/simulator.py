"""Globe Labs over loopback: `python -m connectors.channels.globe.simulator` runs it."""

from connectors.channels.globe import Globe
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(Globe)

if __name__ == "__main__":
    run_alone(Simulator)
