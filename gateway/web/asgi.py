"""The little of ASGI that everything here needs.

Source: https://asgi.readthedocs.io/en/latest/specs/www.html (read 2026-11).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any

from gateway.api.problems import Code, Problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
HANG_UP = (b"connection", b"close")
LINGER_SECONDS = 1.0
LINGER_OCTETS = 1 << 20
"""How long, and how much of, a body nobody wants is still let in."""


class Disconnected(Exception):
    """The client went away before its request was whole."""


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of that lower-case name."""
    for found, value in scope["headers"]:
        if found == name:
            return str(value, "latin-1")
    return None


def has_body(scope: Scope) -> bool:
    """Whether the request announced one (RFC 9112 §6, read 2026-11)."""
    return header(scope, b"transfer-encoding") is not None or header(scope, b"content-length") not in (None, "0")


def wire(headers: Mapping[str, str]) -> Headers:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


async def answer(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """A whole response; its length is added."""
    headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, problem: Problem) -> None:
    await answer(send, problem.status, wire(problem.headers), problem.body)


async def turn_away(receive: Receive, send: Send, problem: Problem) -> None:
    """Refuses a request whose body is not wanted, and hangs up."""
    headers = [*wire(problem.headers), HANG_UP, (b"content-length", b"%d" % len(problem.body))]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": problem.body, "more_body": True})
    await linger(receive)
    await send({"type": "http.response.body", "body": b""})


async def linger(receive: Receive) -> None:
    """Drops for a moment what still comes of a body nobody wants, before its connection is closed.

    Closing at once would reset the connection, and a sender that still writes might never read why (RFC 9112 §9.6, read
    2026-11).
    """
    left, more = LINGER_OCTETS, True
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while more and left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                more = message.get("more_body", False)


def method_not_allowed(allowed: str) -> Problem:
    return Problem(405, Code.METHOD_NOT_ALLOWED, f"served here: {allowed}", headers={"allow": allowed})
