"""Vonage SMS over loopback: `python -m connectors.channels.vonage_sms.simulator` runs it."""

from connectors.channels.vonage_sms import VonageSms
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(VonageSms)

if __name__ == "__main__":
    run_alone(Simulator)
