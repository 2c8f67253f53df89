"""The same frames as server-sent events, for where no WebSocket gets through."""

import asyncio
from contextlib import suppress

from connectors.kit.chat import Caller
from gateway.hub import Hub
from gateway.web.asgi import Headers, Receive, Send
from gateway.web.chat.asking import Asked
from gateway.web.chat.audience import Audience
from gateway.web.chat.client import Client
from gateway.web.chat.frames import told
from gateway.web.chat.languages import Languages
from gateway.web.chat.lines import StreamLine
from gateway.web.chat.sessions import welcome
from gateway.web.chat.socket import TOO_MANY, deadline
from gateway.web.chat.view import read_cursor
from gateway.web.stream import EVENT_STREAM, LAST_WORDS, OPENING, left


async def stream(
    hub: Hub,
    asked: Asked,
    audience: Audience,
    caller: Caller,
    after: str | None,
    languages: Languages,
    receive: Receive,
    send: Send,
    headers: Headers,
) -> None:
    """Lasts until the client leaves or its line is ended. Raises Problem before it begins."""
    line = StreamLine(send)
    client = Client(asked.connector, caller, line, read_cursor(after), languages)
    client.expires_at = deadline(caller)
    if len(audience.at(client.seat)) >= asked.doorway.sockets:
        raise TOO_MANY
    await send({"type": "http.response.start", "status": 200, "headers": [*EVENT_STREAM, *headers]})
    await send({"type": "http.response.body", "body": OPENING, "more_body": True})
    await line.give(told(welcome(hub, asked, client)))
    leaving = asyncio.ensure_future(left(receive))
    audience.join(client)
    try:
        await asyncio.wait((leaving, line.over), return_when=asyncio.FIRST_COMPLETED)
    finally:
        audience.leave(client)
        leaving.cancel()
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(LAST_WORDS):
            await send({"type": "http.response.body", "body": b""})
