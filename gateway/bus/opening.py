"""Which bus an address gives."""

from gateway.bus.addresses import brokers
from gateway.bus.contract import Bus
from gateway.bus.memory import MemoryBus
from gateway.bus.rabbit import RabbitBus


def bus_of(url: str) -> Bus:
    """Raises BusUnsupported."""
    found = brokers(url)
    return RabbitBus(found) if found else MemoryBus()
