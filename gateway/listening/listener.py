"""One open listener: its socket, its sessions, and how it closes."""

import asyncio
import ssl
from urllib.parse import urlsplit

import structlog

from gateway.binding import AddressUnavailable, bound
from gateway.hub import Hub
from gateway.listening.desk import Desk
from gateway.listening.pace import Pace
from gateway.listening.session import SPEAKS, Smtp
from gateway.listening.tls import Certificate
from gateway.metrics import MAIL_SESSIONS
from gateway.settings.listening import Listener

log = structlog.get_logger()
PRIVILEGED = 1024
"""Ports below are root's."""


class NotOpen(Exception):
    """The listener cannot be opened; the text says why, and what to do."""


class Open:
    """Belongs to one event loop."""

    def __init__(self, hub: Hub, listener: Listener, pace: Pace) -> None:
        """Raises NotOpen."""
        self.hub = hub
        self.listener = listener
        self.pace = pace
        self.desk = Desk(hub, listener)
        self.hostname = urlsplit(hub.settings.public_url).hostname or "localhost"
        self.sessions: set[Smtp] = set()
        self.closing = False
        self._empty = asyncio.Event()
        self._server: asyncio.Server | None = None
        try:
            self._certificate = Certificate(*listener.tls) if listener.tls else None
        except OSError as error:
            raise NotOpen(f"listener {listener.name}: {error}") from error

    async def start(self) -> None:
        """Raises NotOpen."""
        listener = self.listener
        try:
            door = await asyncio.to_thread(bound, listener.host, listener.port)
        except (AddressUnavailable, UnicodeError) as error:
            raise NotOpen(f"listener {listener.name}: {error}; {self._remedy(error)}") from error
        kind = SPEAKS[listener.name]
        self._server = await asyncio.get_running_loop().create_server(lambda: kind(self), sock=door)
        log.info("listening for mail", listener=listener.name, host=listener.host, port=self.port)

    @property
    def port(self) -> int:
        assert self._server
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def tls(self) -> ssl.SSLContext | None:
        return self._certificate.context() if self._certificate else None

    def add(self, session: Smtp) -> None:
        self.sessions.add(session)
        MAIL_SESSIONS.labels(self.listener.name).inc()

    def remove(self, session: Smtp) -> None:
        if session in self.sessions:
            self.sessions.remove(session)
            MAIL_SESSIONS.labels(self.listener.name).dec()
        if not self.sessions:
            self._empty.set()

    def shut(self) -> None:
        """Takes no further session, and ends those that have no message under way."""
        self.closing = True
        if self._server is not None:
            self._server.close()
        for session in list(self.sessions):
            session.dismiss()

    async def stop(self) -> None:
        """Shuts, and waits a while for the messages under way; who is not done then comes again."""
        self.shut()
        try:
            async with asyncio.timeout(self.pace.grace):
                while self.sessions:
                    self._empty.clear()
                    await self._empty.wait()
        except TimeoutError:
            log.warning("mail sessions were cut off", listener=self.listener.name, sessions=len(self.sessions))
            for session in list(self.sessions):
                session.abort()

    def _remedy(self, error: Exception) -> str:
        where = f"listeners.{self.listener.name}"
        if isinstance(error, AddressUnavailable) and error.passing:
            return f"end that process, or choose another port in {where}"
        if 0 < self.listener.port < PRIVILEGED:
            return f"choose a port from {PRIVILEGED} on in {where}, or allow this one (CAP_NET_BIND_SERVICE)"
        return f"choose an address of this machine in {where}"
