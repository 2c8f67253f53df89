"""uvicorn, set up for a hub."""

import socket

import uvicorn

from gateway.hub import Hub
from gateway.web.root import Root
from gateway.web.stream import HEARTBEAT

GRACE = 10
"""Seconds requests in hand have to finish."""
BACKLOG = 2048


class Server(uvicorn.Server):
    """Ends streams before it waits for its connections: they would never end by themselves."""

    def __init__(self, root: Root, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._root = root

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._root.end_streams()
        await super().shutdown(sockets)


def make_server(hub: Hub, *, host: str | None = None, port: int | None = None, heartbeat: float = HEARTBEAT) -> Server:
    """A server for the hub, on the address of its configuration unless told otherwise. Starts and stops the hub.

    Logs nothing per request, and leaves the configuration of logging alone.
    """
    root = Root(hub, heartbeat=heartbeat)
    config = uvicorn.Config(
        root,
        host=hub.settings.listen.host if host is None else host,
        port=hub.settings.listen.port if port is None else port,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whoever speaks for others says so in headers the API reads itself
        ws="none",
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE,
    )
    return Server(root, config)
