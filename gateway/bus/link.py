"""One connection to RabbitMQ, and the one thread that owns it: py-amqp is not thread safe.

The event loop hands work over and rings; the thread sends, reads, keeps heartbeats going, and comes back after losses.
What a connection is for is its Session's affair.
"""

import asyncio
import os
import select
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from time import monotonic
from typing import Any, Protocol

import structlog
from amqp.exceptions import AMQPError

from gateway.bus.addresses import Broker
from gateway.bus.connecting import connect
from gateway.waiting import backoff

log = structlog.get_logger()
PULSE = 1.0
"""Seconds between looks at the clock while nothing happens."""
TLS_READ_SECONDS = 0.1
"""Readable may mean a TLS record that holds no data."""
FRAMES = 512
"""Read in one go, before the loop is told."""
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 15.0
STEADY = 10.0
"""Seconds a connection must have lasted for the next pause to be a short one again."""
END_SECONDS = 20.0


class Session(Protocol):
    """What one connection is for. Its methods run on the link's thread."""

    def opened(self, connection: Any, epoch: int) -> None:
        """Set up channels. Connections are counted by their epoch."""

    def work(self) -> bool:
        """Send some of what was handed over; whether there is more that could be sent at once."""

    def report(self) -> None:
        """Tell the event loop what came, in one call."""

    def check(self, now: float) -> None:
        """A few times a second at most. Raises OSError where the broker hangs."""

    def closed(self, reason: str) -> None:
        """The connection is no more, and everything under way on it is lost."""


class Link:
    """`start`, `end`, `ring` and `ready` belong to the event loop; `tell` and the session to the thread."""

    def __init__(self, name: str, brokers: Sequence[Broker], session: Session) -> None:
        self.problem: str | None = None
        self.blocked = False
        self.epoch = 0
        """Of the connection that is up, as the event loop knows it."""
        self._name = name
        self._brokers = brokers
        self._session = session
        self._loop = asyncio.get_running_loop()
        self._up = asyncio.Event()
        self._ending = threading.Event()
        self._bell, self._rope = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(self._rope, False)
        self._rung = False
        self._thread = threading.Thread(target=self._run, name=f"bus {name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    async def end(self) -> None:
        """Sends what was handed over, as far as it goes, and closes."""
        self._ending.set()
        self.ring()
        await asyncio.to_thread(self._thread.join, END_SECONDS)
        if self._thread.is_alive():  # it ends with the process, and so do its ends of the pipe
            log.warning("a connection of the bus did not close in time", connection=self._name)
            return
        self._rung = True
        os.close(self._rope)
        os.close(self._bell)

    @property
    def up(self) -> bool:
        return self._up.is_set()

    async def ready(self) -> None:
        await self._up.wait()

    def ring(self) -> None:
        """Says that something was handed over; one write to the pipe until the thread looks."""
        if not self._rung:
            self._rung = True
            os.write(self._rope, b"\0")

    def tell(self, what: Callable[..., None], *values: Any) -> None:
        """Has the event loop call it."""
        with suppress(RuntimeError):  # the loop was closed; nobody listens there any more
            self._loop.call_soon_threadsafe(what, *values)

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        failures = 0
        for epoch in count(1):
            broker = self._brokers[(epoch - 1) % len(self._brokers)]
            began = monotonic()
            reason = "the bus is stopping"
            try:
                with self._connection(broker) as connection:
                    self._session.opened(connection, epoch)
                    self._is_up(broker, epoch)
                    self._serve(connection)
            except (OSError, AMQPError) as error:
                reason = f"{broker}: {_sentence(error)}"
            except Exception as error:  # py-amqp trips over itself where a connection ends at an unlucky moment
                log.exception("a connection of the bus failed", connection=self._name, broker=str(broker))
                reason = f"{broker}: {type(error).__name__}"
            self._is_down(reason)
            failures = 1 if monotonic() - began > STEADY else failures + 1
            if self._ending.wait(backoff(failures, FIRST_PAUSE, LONGEST_PAUSE)):
                break

    @contextmanager
    def _connection(self, broker: Broker) -> Iterator[Any]:
        connection = connect(broker, self._name, self._on_blocked, self._on_unblocked)
        try:
            yield connection
            connection.close()
        finally:
            connection.collect()  # nothing where it was closed

    def _serve(self, connection: Any) -> None:
        """Until the end, or an error."""
        line = connection.sock
        tls = isinstance(line, ssl.SSLSocket)
        poll, incoming = select.poll(), select.poll()
        poll.register(line, select.POLLIN)
        poll.register(self._bell, select.POLLIN)
        incoming.register(line, select.POLLIN)
        looked = monotonic()
        while True:
            ending = self._ending.is_set()
            self._hear()
            more = self._session.work()
            if ending and not more:
                return
            if not (tls and line.pending()):
                poll.poll(0 if more else PULSE * 1000)
            for _ in range(FRAMES):
                if not (tls and line.pending()) and not incoming.poll(0):
                    break
                _read(connection, TLS_READ_SECONDS if tls else None)
            self._session.report()
            if (now := monotonic()) - looked >= PULSE:
                looked = now
                self._session.check(now)
                connection.heartbeat_tick()

    def _hear(self) -> None:
        """Lets the bell be rung again; whatever was handed over before is then seen by `work`."""
        if self._rung:
            with suppress(BlockingIOError):
                os.read(self._bell, 64)
            self._rung = False

    def _is_up(self, broker: Broker, epoch: int) -> None:
        log.info("the bus is connected", connection=self._name, broker=str(broker))
        self.problem = None
        self.tell(self._set_up, epoch)

    def _set_up(self, epoch: int) -> None:
        self.epoch = epoch
        self._up.set()

    def _is_down(self, reason: str) -> None:
        self.blocked = False
        if not self._ending.is_set():
            if reason != self.problem:
                log.warning("the bus cannot be reached", connection=self._name, reason=reason)
            self.problem = reason
        self.tell(self._up.clear)
        self._session.closed(reason)

    def _on_blocked(self, _: str) -> None:
        self.blocked = True
        self.problem = "the broker is short of memory or disk and takes nothing; see its alarms"
        log.warning("the bus is blocked", connection=self._name, reason=self.problem)

    def _on_unblocked(self) -> None:
        self.blocked, self.problem = False, None
        log.info("the bus is no longer blocked", connection=self._name)


def _read(connection: Any, seconds: float | None) -> None:
    """Reads a frame and acts on it; what came of half a one is kept for the next time."""
    transport = connection.transport
    try:
        with transport.having_timeout(seconds):
            frame = transport.read_frame()
    except TimeoutError:
        return
    connection.on_inbound_frame(frame)


def _sentence(error: Exception) -> str:
    """What went wrong, on one line. Neither py-amqp nor the system repeats credentials."""
    text = getattr(error, "reply_text", None) or str(error) or type(error).__name__
    return " ".join(text.split())[:300]
