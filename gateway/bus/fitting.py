"""What a broker takes. Anything else would end the connection, and with it what others published."""

from collections.abc import Mapping

from gateway.bus.contract import MOST_BODY, MOST_HEADERS, BusDown, Unroutable

MOST_NAME = 255
"""Octets of UTF-8."""


def must_fit(*names: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
    """Raises ValueError."""
    for name in names:
        if len(name.encode()) > MOST_NAME:
            raise ValueError(f"a name on the bus has {MOST_NAME} octets at most: {name[:40]}…")
    if len(body) > MOST_BODY:
        raise ValueError(f"a message on the bus has {MOST_BODY} octets at most, this one {len(body)}")
    if not headers:
        return
    if any(len(name.encode()) > MOST_NAME for name in headers):
        raise ValueError(f"a header on the bus has a name of {MOST_NAME} octets at most")
    if sum(len(name.encode()) + len(value.encode()) for name, value in headers.items()) > MOST_HEADERS:
        raise ValueError(f"the headers of a message on the bus have {MOST_HEADERS} octets at most")


def undeclared(exchange: str, *, mandatory: bool) -> BusDown | Unroutable:
    """What publishing to an exchange comes to that nobody declared on this bus, or that was lost since."""
    sentence = f"the exchange {exchange} is not declared"
    return Unroutable(sentence) if mandatory else BusDown(sentence)
