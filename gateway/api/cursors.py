"""Cursors of listings: opaque to clients, and good only for the listing that gave them."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error

from gateway.api.problems import Problem, invalid

MOST = 200
_INSIDE = re.compile(r"([a-z]+):([0-9a-f-]{1,36})", re.ASCII)


def cursor(listing: str, at: str | int) -> str:
    """Where a listing goes on: an id or a number."""
    return urlsafe_b64encode(f"{listing}:{at}".encode()).decode().rstrip("=")


def id_at(listing: str, text: str) -> str:
    """The id in a cursor. Raises Problem for anything that is no cursor of this listing."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        inside = _INSIDE.fullmatch(urlsafe_b64decode(padded).decode("ascii")) if len(text) <= MOST else None
    except (Error, ValueError) as error:
        raise _no_cursor() from error
    if inside is None or inside[1] != listing:
        raise _no_cursor()
    return inside[2]


def number_at(listing: str, text: str) -> int:
    """The number in a cursor. Raises Problem."""
    at = id_at(listing, text)
    if not at.isdecimal() or len(at) > 18:
        raise _no_cursor()
    return int(at)


def _no_cursor() -> Problem:
    return invalid("cursor", "not a cursor of this listing")
