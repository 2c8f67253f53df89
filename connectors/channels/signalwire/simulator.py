"""SignalWire over loopback: `python -m connectors.channels.signalwire.simulator` runs it."""

from connectors.channels.signalwire import SignalWire
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(SignalWire)

if __name__ == "__main__":
    run_alone(Simulator)
