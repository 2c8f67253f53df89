"""Bird over loopback: `python -m connectors.channels.bird.simulator` runs it."""

from connectors.channels.bird import Bird
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(Bird)

if __name__ == "__main__":
    run_alone(Simulator)
