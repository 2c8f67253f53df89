"""Lists of network addresses: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from connectors.kit.declared.misworded import Misworded

MOST: Final = 1000
Network = IPv4Network | IPv6Network


def check_networks(texts: Iterable[str]) -> None:
    """Raises Misworded, which is a ValueError, for what is no list of addresses and networks, at least one."""
    texts = tuple(texts)
    if not 0 < len(texts) <= MOST:
        raise ValueError(f"a list of 1 to {MOST} addresses and networks")
    for text in texts:
        try:
            ip_network(text)
        except ValueError:
            raise Misworded(f"{text!r} is neither an address nor a network such as 192.0.2.0/24", text) from None


@lru_cache(maxsize=256)
def networks_of(text: str) -> tuple[Network, ...]:
    """Those of a checked list, written with spaces."""
    return tuple(map(ip_network, text.split()))


def address_of(text: str) -> IPv4Address | IPv6Address:
    """An address; IPv4 stays IPv4 where a socket of IPv6 says it. Raises ValueError."""
    address = ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address
