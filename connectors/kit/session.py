"""The connections under `connectors.kit.http`: what aiohttp is told, and what it is kept from doing by itself."""

from contextvars import ContextVar
from typing import Final, Protocol

import aiohttp
from aiohttp.connector import Connection

from connectors.kit.guard import GuardedResolver

KEEP_SECONDS: Final = 4.0
"""How long an idle connection is kept: less than the five seconds after which common servers close theirs."""
MOST_HEADERS: Final = 100


class Departing(Protocol):
    left: bool
    """Its head was handed to an open connection."""


departing: ContextVar[Departing] = ContextVar("departing")
"""The request this task is about to send."""


class _Broken(aiohttp.ClientError):
    """A connection broke after the request was written."""


async def never_twice(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Hides broken connections from aiohttp's own repetition, which goes by the type of the error."""
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Broken from error


class _Request(aiohttp.ClientRequest):
    """Says when it leaves; aiohttp's tracing would say so too, for a twentieth of the request's time."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        departing.get().left = True
        return await super().send(conn)


def open_session(guarded: bool) -> aiohttp.ClientSession:
    """A session on the running loop; a guarded one connects to public addresses only."""
    resolver = aiohttp.ThreadedResolver()
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            resolver=GuardedResolver(resolver) if guarded else resolver, keepalive_timeout=KEEP_SECONDS
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"user-agent": "onethread"},
        max_headers=MOST_HEADERS,
        middlewares=(never_twice,),
        request_class=_Request,
        trust_env=False,
    )
