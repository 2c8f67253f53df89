"""A gateway over loopback: `python -m connectors.channels.generic_http.simulator` runs it."""

from connectors.channels.generic_http import GenericHttp
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(GenericHttp)

if __name__ == "__main__":
    run_alone(Simulator)
