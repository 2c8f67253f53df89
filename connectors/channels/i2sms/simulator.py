"""i2SMS over loopback: `python -m connectors.channels.i2sms.simulator` runs it."""

from connectors.channels.i2sms import I2Sms
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(I2Sms)

if __name__ == "__main__":
    run_alone(Simulator)
