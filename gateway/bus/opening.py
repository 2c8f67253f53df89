"""Which bus an address gives."""

from gateway.bus.addresses import brokers
from gateway.bus.contract import Bus
from gateway.bus.memory import MemoryBus
from gateway.bus.rabbit import RabbitBus


def bus_of(url: str) -> Bus:
    """Raises BusUnsupported."""
    found = brokers(url)
    if not found:
        return MemoryBus()
    if found[0].kind == "amqp":
        return RabbitBus(found)
    from gateway.bus.redis import RedisBus  # whose library is an extra

    return RedisBus(found[0])
