"""The hub under any WSGI server: `granian --interface wsgi --factory gateway.wsgi:create`, or
`gunicorn --workers 1 --threads 32 'gateway.wsgi:create("onethread.yaml")'`.

One worker with threads, because one process serves a store. Webhooks are taken and the API served as under `serve`; the
feed comes in pages only, without waiting and streaming. The configuration is read once: the server's own reload, which
starts a new worker, takes changes up.
"""

import asyncio
import os
import threading
from contextlib import ExitStack
from pathlib import Path

import uvloop
from flask import Flask

from gateway import logs
from gateway.alone import alone
from gateway.api.app import create_app
from gateway.hub import Hub
from gateway.server import open_hub
from gateway.settings import load

CONFIG = "ONETHREAD_CONFIG"
STOP_SECONDS = 30.0


def create(path: str | Path | None = None) -> Flask:
    """The application on a hub that runs in a thread until the process ends.

    `path` is the configuration file; without it ONETHREAD_CONFIG, else `onethread.yaml`. Raises SettingsError,
    StoreUnavailable, AlreadyServed.
    """
    settings = load(Path(path or os.environ.get(CONFIG) or "onethread.yaml"), os.environ)
    logs.configure("info", settings.secrets(), noisy=("alembic",))
    with ExitStack() as begun:
        begun.enter_context(alone(settings.store))
        running = Running(open_hub(settings))
        begun.callback(running.stop)
        held = begun.pop_all()
    # `atexit` would be too late: by then the pools of threads, which stopping needs, are gone. CPython's own pools
    # end themselves here.
    threading._register_atexit(held.close)  # type: ignore[attr-defined]  # typeshed leaves it out
    return create_app(running.hub)


class Running:
    """A hub on an event loop of its own."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hub", daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(hub.start(), self._loop).result()

    def stop(self) -> None:
        """Drains the hub. Raises TimeoutError where that takes too long."""
        asyncio.run_coroutine_threadsafe(self.hub.stop(), self._loop).result(STOP_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_SECONDS)
        self._loop.close()
