"""What a broker takes. Anything else would end the connection, and with it what others published."""

import asyncio
from collections.abc import Mapping, Sequence

from gateway.bus.contract import MOST_BODY, MOST_HEADERS, BusDown, Publication, Unroutable

MOST_NAME = 255
"""Octets of UTF-8."""
WIDEST = 4
"""Octets of a character at the most: what is short enough in characters need not be encoded to see it."""


def must_fit(*names: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
    """Raises ValueError."""
    for name in names:
        if len(name) * WIDEST > MOST_NAME and len(name.encode()) > MOST_NAME:
            raise ValueError(f"a name on the bus has {MOST_NAME} octets at most: {name[:40]}…")
    if len(body) > MOST_BODY:
        raise ValueError(f"a message on the bus has {MOST_BODY} octets at most, this one {len(body)}")
    if not headers or _small(headers):
        return
    if any(len(name.encode()) > MOST_NAME for name in headers):
        raise ValueError(f"a header on the bus has a name of {MOST_NAME} octets at most")
    if sum(len(name.encode()) + len(value.encode()) for name, value in headers.items()) > MOST_HEADERS:
        raise ValueError(f"the headers of a message on the bus have {MOST_HEADERS} octets at most")


def _small(headers: Mapping[str, str]) -> bool:
    """Whether they fit however they are encoded, which is nearly always so and cheap to see."""
    characters = sum(map(len, headers)) + sum(map(len, headers.values()))
    return characters * WIDEST <= MOST_HEADERS and max(map(len, headers)) * WIDEST <= MOST_NAME


def fitting(publications: Sequence[Publication]) -> Sequence[Publication]:
    """Those that fit; who handed over another is told."""
    taken = []
    for one in publications:
        try:
            must_fit(one.exchange, one.key, one.message_id, body=one.body, headers=one.headers)
        except ValueError as error:
            asyncio.get_running_loop().call_soon(one.told, error)
        else:
            taken.append(one)
    return taken


def undeclared(exchange: str, *, mandatory: bool) -> BusDown | Unroutable:
    """What publishing to an exchange comes to that nobody declared on this bus, or that was lost since."""
    sentence = f"the exchange {exchange} is not declared"
    return Unroutable(sentence) if mandatory else BusDown(sentence)
