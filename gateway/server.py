"""The hub as a process: every door on one address, until it is told to end.

SIGTERM and SIGINT drain it: leases are handed back, nothing new is taken, what is under way finishes; a second one ends
it at once. SIGHUP, or a change of the file, applies the configuration anew.
"""

import asyncio
import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager

import structlog
import uvloop

from gateway import logs
from gateway.alone import alone
from gateway.binding import AddressUnavailable, bound, host_of
from gateway.hub import Hub
from gateway.relay.catalogue import joined, reading
from gateway.roles import ALL, Role, must_fit
from gateway.settings import Listen, Settings
from gateway.settings.reload import Reloader
from gateway.store.engine import StoreUnavailable
from gateway.web import Server, make_server

__all__ = ["AddressUnavailable", "NotStarted", "open_hub", "serve"]
log = structlog.get_logger()
FIXED = ("store", "files", "bus", "bus_url", "listen")
"""Settings that a running hub keeps until its end."""
MOST_FILES = 65_536
"""Open files asked of the system: each connection is one, and many systems give 1024 unless asked."""


class NotStarted(Exception):
    """The hub failed at its start; the log says why."""


def serve(
    settings: Settings,
    environ: Mapping[str, str],
    listen: Listen,
    ready: Callable[[str], None],
    roles: frozenset[Role] = ALL,
) -> None:
    """Serves until told to end; calls `ready` with the URL once requests are answered. Belongs to the main thread.

    Raises NotApart, AlreadyServed, AddressUnavailable, StoreUnavailable, WrongKey, NotStarted.
    """
    must_fit(settings, roles)
    with alone(settings.store), closing(bound(listen.host, listen.port)) as door:
        hub = open_hub(settings, roles)
        _allow_many_files()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(hub, door, environ, ready))


def open_hub(settings: Settings, roles: frozenset[Role] = ALL) -> Hub:
    """A hub that can be started. Raises StoreUnavailable, WrongKey."""
    hub = Hub(settings, roles)
    with reading(hub.engine) as subscriptions:
        joined(settings, subscriptions.all())  # rather than that the relay finds out
    if not os.access(settings.files, os.W_OK | os.X_OK):
        raise StoreUnavailable(f"the folder for files {settings.files} cannot be written")
    return hub


async def _serve(hub: Hub, door: socket.socket, environ: Mapping[str, str], ready: Callable[[str], None]) -> None:
    host, port = door.getsockname()[:2]
    server = make_server(hub, host=host, port=port)
    announced = False

    async def announce() -> None:
        nonlocal announced
        if not announced:
            announced = True
            _tune()
            ready(f"http://{host_of(host)}:{port}")

    server.config.callback_notify = announce  # uvicorn calls it first when it takes requests, then now and again
    reloader = Reloader(hub.settings, environ, lambda old, new: _change(hub, old, new))
    following = asyncio.create_task(reloader.run(), name="reloader")
    try:
        with _ended_by_signals(server):
            await server.serve(sockets=[door])
    except SystemExit as end:  # how uvicorn says that the hub's start failed
        raise NotStarted("the hub could not be started; the log says why") from end
    finally:
        reloader.stop()
        await following


def _tune() -> None:
    """Sets the interpreter up for one busy loop beside one busy writer.

    What was loaded at the start stays for good and is not looked through again; the rest is, but seldom: requests leave
    almost no cycles behind, and looking for them took a twentieth of the time of each. The two threads take turns ten
    times as often as by default: at half load the p99 of an acknowledgement fell from 24 ms to 10 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    sys.setswitchinterval(0.0005)


async def _change(hub: Hub, old: Settings, new: Settings) -> None:
    """Runs by the new configuration. Whatever it meets leaves the old one running."""
    logs.redaction.learn(new.secrets())
    if fixed := [name for name in FIXED if getattr(old, name) != getattr(new, name)]:
        log.warning("takes effect when the hub is started again", settings=fixed)
    await hub.apply(new)


@contextmanager
def _ended_by_signals(server: Server) -> Iterator[None]:
    """SIGINT and SIGTERM drain the server, also one that comes while it starts. uvicorn takes them itself while it
    serves, and raises them again when it has drained: here they then find nothing left to end, so that the process ends
    as one that did what it was told."""
    before = {number: signal.signal(number, server.end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _allow_many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
