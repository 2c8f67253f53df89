"""A message that a poll collected: kept in memory where it is small and else straight in a file, then verified and
parsed like any request. What is recorded of it brings the cursor along."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import datetime

from msgspec.structs import replace

from connectors.kit.collects import COLLECT, Collected
from connectors.kit.errors import Temporary
from connectors.kit.request import Request
from gateway.arrival import Arrival, raw_of
from gateway.files import Files
from gateway.hub import Hub
from gateway.ids import new_id
from gateway.listening.incoming import BEGINNING, SMALL
from gateway.listening.mail import Content
from gateway.live import LiveConnector
from gateway.receive import read

MOST = 1 << 28
"""Octets, whatever a plugin allows."""


async def collect(hub: Hub, connector: LiveConnector, collected: Collected, came: datetime) -> Arrival:
    """What is to be recorded. Raises BadSignature, Temporary, Overloaded, and what the plugin raises: then the cursor
    stays where it is."""
    try:
        content = await _kept(collected.chunks, hub.files)
    except OSError as error:
        raise Temporary(f"a message could not be kept: {error.strerror}") from error
    url = f"{COLLECT.lower()}://{connector.id}"
    request = Request(COLLECT, url, collected.headers, content.octets, came, new_id())
    if content.file is None:
        arrival = await asyncio.to_thread(read, connector, request)
    else:
        items = await asyncio.wrap_future(hub.apart.read(connector, request, content.file.path))
        arrival = Arrival(connector.place, raw_of(request, content.file.sha256), items)
    return replace(arrival, cursor=collected.cursor)


async def _kept(chunks: AsyncGenerator[bytes, None], files: Files) -> Content:
    octets = b""
    async with aclosing(chunks):
        async for chunk in chunks:
            octets += chunk
            if len(octets) > SMALL:
                file = await files.save_async(_all(octets, chunks), MOST)
                return Content(octets[:BEGINNING], file)
    return Content(octets)


async def _all(octets: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield octets
    async for chunk in chunks:
        yield chunk
