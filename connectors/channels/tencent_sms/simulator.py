"""Tencent Cloud SMS over loopback: `python -m connectors.channels.tencent_sms.simulator` runs it."""

from connectors.channels.tencent_sms import TencentSms
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(TencentSms)

if __name__ == "__main__":
    run_alone(Simulator)
