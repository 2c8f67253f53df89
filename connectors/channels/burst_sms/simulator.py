"""Burst SMS over loopback: `python -m connectors.channels.burst_sms.simulator` runs it."""

from connectors.channels.burst_sms import BurstSms
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(BurstSms)

if __name__ == "__main__":
    run_alone(Simulator)
