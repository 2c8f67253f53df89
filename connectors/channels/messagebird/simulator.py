"""MessageBird over loopback: `python -m connectors.channels.messagebird.simulator` runs it."""

from connectors.channels.messagebird import MessageBird
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(MessageBird)

if __name__ == "__main__":
    run_alone(Simulator)
