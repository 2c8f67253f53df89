"""Alibaba Cloud SMS over loopback: `python -m connectors.channels.aliyun_sms.simulator` runs it."""

from connectors.channels.aliyun_sms import AliyunSms
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(AliyunSms)

if __name__ == "__main__":
    run_alone(Simulator)
