"""Zenvia WhatsApp over loopback: `python -m connectors.channels.zenvia_whatsapp.simulator` runs it."""

from connectors.channels.zenvia_whatsapp import ZenviaWhatsapp
from connectors.kit.declared.simulator import run_alone, simulator_of

Simulator = simulator_of(ZenviaWhatsapp)

if __name__ == "__main__":
    run_alone(Simulator)
