"""uvicorn, set up for a hub."""

import asyncio
import math
import os
import signal
import socket
from types import FrameType

import uvicorn

from gateway.hub import Hub
from gateway.web.root import Root
from gateway.web.stream import HEARTBEAT

LAST_WRITES = 5.0
"""Seconds, beyond those for requests and sends, after which a process that was told to end is ended by the kernel."""
PATIENCE = 2
"""Heartbeats for which a client may take nothing of what is sent to it."""
BACKLOG = 2048
LARGEST_FRAME = 1 << 20
"""Octets at which a socket is cut off unread; smaller ones that are still too large hear why."""


class Server(uvicorn.Server):
    """Drains the hub. Leases go back at once, and others take over; for `notice` it takes requests still, and says that
    it is not ready; then it listens no more, ends streams, which would never end by themselves, and lets the requests
    in hand finish. Told a second time, it ends on the spot."""

    def __init__(self, root: Root, config: uvicorn.Config, patience: float, notice: float, longest: float) -> None:
        """`patience`: seconds after which a connection whose client takes nothing at all is given up. `longest`: from
        the signal to the end."""
        super().__init__(config)
        self._root = root
        self._patience = patience
        self._notice = notice
        self._longest = longest

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        for listener in sockets or ():
            if hasattr(socket, "TCP_USER_TIMEOUT"):  # of Linux; connections have what their listener has
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(self._patience * 1000))
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._root.drain()
        await asyncio.sleep(self._notice)
        self._root.end_streams()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Hears signals while it serves. The second one ends the process as a kill does: nothing that was acknowledged
        is lost. So does the kernel, where the end takes too long."""
        if self.should_exit:
            os._exit(128 + sig)
        signal.setitimer(signal.ITIMER_REAL, self._longest)
        super().handle_exit(sig, frame)

    def end(self, _: int = 0, __: FrameType | None = None) -> None:
        """Hears signals before and after."""
        self.should_exit = True


def make_server(hub: Hub, *, host: str | None = None, port: int | None = None, heartbeat: float = HEARTBEAT) -> Server:
    """A server for the hub, on the address of its configuration unless told otherwise. Starts and stops the hub.

    Logs nothing per request, and leaves the configuration of logging alone.
    """
    root, limits = Root(hub, heartbeat=heartbeat), hub.settings.limits
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
        timeout_graceful_shutdown=math.ceil(limits.drain),
    )
    longest = limits.drain_notice + math.ceil(limits.drain) + LAST_WRITES
    return Server(root, config, PATIENCE * heartbeat, limits.drain_notice, longest)
