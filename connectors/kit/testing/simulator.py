"""A provider over loopback: what a plugin's `simulator.py` derives from.

It listens on 127.0.0.1 in a thread of its own, keeps every request it received, and fails when told to. The plugin's
class says in code how the provider answers and signs, and in a table how it words each failure.
"""

import asyncio
import json
import socket
import struct
import sys
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self

from aiohttp import web

from connectors.kit.fixtures import WireRequest
from connectors.kit.request import Request

__all__ = ["HUB_URL", "WORDLESS", "Failure", "LoopbackSimulator", "Reply", "WireRequest", "run"]

START_SECONDS = 10.0
LARGEST_REQUEST = 256 << 20
HUB_URL = "https://hub.example.com/in/support"


class Failure(StrEnum):
    """How a send can go wrong."""

    RATE_LIMITED = "rate_limited"
    """Too many requests, with the provider's own word for how long to wait."""
    SERVER_ERROR = "server_error"
    HANG = "hang"
    """The request is read and never answered."""
    RESET = "reset"
    """The request is read, not performed, and the connection reset."""
    LOST_ANSWER = "lost_answer"
    """The request is performed and the connection reset: the provider has it."""
    UNAUTHORIZED = "unauthorized"
    BLOCKED = "blocked"
    """The person shut us out."""
    UNREACHABLE = "unreachable"
    """Nobody is at this address."""
    REFUSED = "refused"
    """This content is not taken."""


WORDLESS = frozenset({Failure.HANG, Failure.RESET, Failure.LOST_ANSWER})
"""Failures without an answer; every other stands in a simulator's table."""


@dataclass(frozen=True)
class Reply:
    """What the provider answers."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, status: int = 200, **headers: str) -> Self:
        """A JSON answer; header names are written with underscores."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(status, json.dumps(value).encode(), {"content-type": "application/json", **named})


class Listening(Protocol):
    """What listens, until it is told to end."""

    @property
    def addresses(self) -> list[Any]:
        """Host and port of each."""

    async def cleanup(self) -> None: ...


class LoopbackSimulator(ABC):
    """The provider, as a context manager. Requests and failures are safe to use from any thread.

    `config` is the connector's configuration as plain values, test secrets included; `hub_url` is where the provider
    was told to call. Subclasses answer, sign, and word their failures.
    """

    FAILURES: ClassVar[Mapping[Failure, Reply]]
    """What the provider answers for each failure that has an answer (all but `WORDLESS`)."""
    LACKS: ClassVar[Mapping[Failure, str]] = {}
    """Which of them this provider does not have, and why: not every one tells that somebody shut us out."""
    KEYS: ClassVar[Mapping[str, bytes]] = {}
    """Where the plugin has the ability `Keys`: those it signs with, by name, as the provider publishes them."""
    mutators: ClassVar[Mapping[str, Callable[[Request], Request]]]
    """By name: each makes of a genuine webhook one the provider did not send. `connectors.kit.testing.mutate` has the
    usual ones. Together they touch everything that is signed; of a token they flip and drop it."""

    def __init__(self, config: Mapping[str, Any], hub_url: str = HUB_URL) -> None:
        self.config = dict(config)
        self.hub_url = hub_url
        self.url = ""
        """`http://127.0.0.1:port` while it runs."""
        self.requests: list[WireRequest] = []
        """Everything that arrived, in order."""
        self.performed: list[WireRequest] = []
        """Those the provider acted upon, whether or not its answer arrived."""
        self._failures: deque[Failure] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    @abstractmethod
    async def answer(self, request: WireRequest) -> Reply:
        """What the provider answers when all is well. Runs on the simulator's own loop."""

    @abstractmethod
    def genuine(self, payload: bytes) -> WireRequest:
        """The webhook request the provider would make of this body: signed, to `hub_url`'s path."""

    @abstractmethod
    def message(self, text: str = "hi", sender: str = "1001") -> bytes:
        """The body of a genuine webhook for a plain text message; each call is a message of its own. Where nobody
        writes, as on a channel of notifications: of what else makes `sender` known."""

    def steady(self, request: WireRequest) -> WireRequest:
        """The request as fixtures have it. Where a signature is of its moment, write that plainly, and check it in
        `answer`."""
        return request

    def is_send(self, request: WireRequest) -> bool:  # noqa: ARG002 - for those that tell requests apart
        """Whether a queued failure meets this request."""
        return True

    def settings(self) -> dict[str, Any]:
        """The connector's configuration, pointed at this simulator."""
        return {**self.config, "api_base": self.url}

    def next(self, *failures: Failure) -> None:
        """The next sends fail so, one each, in this order."""
        with self._changed:
            self._failures.extend(failures)

    def clear(self) -> None:
        """Forgets what arrived and which failures were to come."""
        with self._changed:
            self.requests.clear()
            self.performed.clear()
            self._failures.clear()

    def wait(self, count: int, seconds: float = 5.0) -> list[WireRequest]:
        """The requests, once there are `count` of them. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= count, seconds):
                raise TimeoutError(f"{len(self.requests)} of {count} requests after {seconds} s")
            return list(self.requests)

    def __enter__(self) -> Self:
        started: Future[str] = Future()
        self._thread = threading.Thread(target=self._serve, args=(started,), name=type(self).__name__, daemon=True)
        self._thread.start()
        self.url = started.result(START_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._stop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(START_SECONDS)

    def _serve(self, started: Future[str]) -> None:
        try:
            asyncio.run(self._run(started))
        except OSError as error:
            started.set_exception(error)

    async def _run(self, started: Future[str]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        runner = await self.listen()
        try:
            host, port = runner.addresses[0][:2]
            started.set_result(f"http://{host}:{port}")
            await self._stop.wait()
        finally:
            await runner.cleanup()

    async def listen(self) -> "Listening":
        """Begins to listen on a port of its own. A provider that speaks anything but HTTP/1.1 has a way of its own."""
        application = web.Application(client_max_size=LARGEST_REQUEST)
        application.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    async def _handle(self, came: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in came.headers.items()}
        reply, failure = await self.met(WireRequest(came.method, came.raw_path, headers, await came.read()))
        if failure in (Failure.RESET, Failure.LOST_ANSWER):
            reset(came.transport)
        return web.Response(status=reply.status, body=reply.body, headers=reply.headers)

    async def met(self, request: WireRequest) -> tuple[Reply, Failure | None]:
        """What comes of a request: an answer, and the failure it was told to meet."""
        failure = self._arrived(request)
        if failure is None or failure is Failure.LOST_ANSWER:
            reply = await self.answer(request)
            with self._changed:
                self.performed.append(request)
        elif failure not in WORDLESS:
            reply = self.FAILURES[failure]
        else:
            reply = Reply(500)
        if failure is Failure.HANG and self._stop is not None:
            await self._stop.wait()
        return reply, failure

    def _arrived(self, request: WireRequest) -> Failure | None:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
            return self._failures.popleft() if self._failures and self.is_send(request) else None


def reset(transport: asyncio.BaseTransport | None) -> None:
    """Ends a connection at once."""
    if not isinstance(transport, asyncio.WriteTransport):
        return
    # Lingering for no time makes the system send a reset instead of an orderly end.
    lingering = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, lingering)
    transport.abort()


def run(simulator: LoopbackSimulator) -> None:
    """Serves until interrupted: for `python -m connectors.channels.<plugin>.simulator`. Prints its address."""
    with simulator:
        sys.stdout.write(f"{simulator.url}\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return
