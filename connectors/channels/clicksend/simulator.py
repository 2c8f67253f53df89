"""ClickSend over loopback: `python -m connectors.channels.clicksend.simulator` runs it."""

from connectors.channels.clicksend import ClickSend
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(ClickSend)

if __name__ == "__main__":
    run_alone(Simulator)
