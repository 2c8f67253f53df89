"""Africa's Talking over loopback: `python -m connectors.channels.africastalking.simulator` runs it."""

from connectors.channels.africastalking import AfricasTalking
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(AfricasTalking)

if __name__ == "__main__":
    run_alone(Simulator)
