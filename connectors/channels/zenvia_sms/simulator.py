"""Zenvia SMS over loopback: `python -m connectors.channels.zenvia_sms.simulator` runs it."""

from connectors.channels.zenvia_sms import ZenviaSms
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(ZenviaSms)

if __name__ == "__main__":
    run_alone(Simulator)
