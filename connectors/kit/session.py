"""The connections under `connectors.kit.http`: what aiohttp is told, and what it is kept from doing by itself."""

from typing import Any, Final

import aiohttp

from connectors.kit.guard import GuardedResolver

KEEP_SECONDS: Final = 4.0
"""How long an idle connection is kept: less than the five seconds after which common servers close theirs."""
MOST_HEADERS: Final = 100


class _Broken(aiohttp.ClientError):
    """A connection broke after the request was written."""


async def _never_twice(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Hides broken connections from aiohttp's own repetition, which goes by the type of the error."""
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Broken from error


async def _leaving(_session: aiohttp.ClientSession, context: Any, _params: Any) -> None:
    context.trace_request_ctx.left = True


def open_session(guarded: bool) -> aiohttp.ClientSession:
    """A session on the running loop; a guarded one connects to public addresses only."""
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_leaving)
    resolver = aiohttp.ThreadedResolver()
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            resolver=GuardedResolver(resolver) if guarded else resolver, keepalive_timeout=KEEP_SECONDS
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"user-agent": "onethread"},
        max_headers=MOST_HEADERS,
        middlewares=(_never_twice,),
        trace_configs=[trace],
        trust_env=False,
    )
