"""uvicorn, set up for a hub."""

import socket

import uvicorn

from gateway.hub import Hub
from gateway.web.root import Root
from gateway.web.stream import HEARTBEAT

GRACE = 10
"""Seconds requests in hand have to finish."""
PATIENCE = 2
"""Heartbeats for which a client may take nothing of what is sent to it."""
BACKLOG = 2048
LARGEST_FRAME = 1 << 20
"""Octets at which a socket is cut off unread; smaller ones that are still too large hear why."""


class Server(uvicorn.Server):
    """Ends streams before it waits for its connections: they would never end by themselves."""

    def __init__(self, root: Root, config: uvicorn.Config, patience: float) -> None:
        """`patience`: seconds after which a connection whose client takes nothing at all is given up."""
        super().__init__(config)
        self._root = root
        self._patience = patience

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in sockets or ():
            if hasattr(socket, "TCP_USER_TIMEOUT"):  # of Linux; connections have what their listener has
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(self._patience * 1000))
        await super().startup(sockets)

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
        ws="websockets-sansio",
        ws_max_size=LARGEST_FRAME,
        ws_per_message_deflate=False,  # it would triple the memory of a socket
        ws_ping_interval=None,  # clients say themselves that they live
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE,
    )
    return Server(root, config, PATIENCE * heartbeat)
