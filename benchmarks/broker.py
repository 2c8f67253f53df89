"""RabbitMQ as the measurements meet it: queues of the kind the hub declares, how full they are, what they hold."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from amqp import Connection

URL = os.environ.get("BENCH_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//")
POLL_SECONDS = 0.01
PATIENCE = 600.0


def connect(url: str = URL) -> Any:
    parts = urlsplit(url)
    connection = Connection(
        host=f"{parts.hostname}:{parts.port or 5672}",
        userid=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        virtual_host=unquote(parts.path.removeprefix("/")) or "/",
    )
    connection.connect()
    connection.client_properties["capabilities"] = {}  # else it looks for frames before each publish
    return connection


def fresh_name() -> str:
    """Of a subscription nobody else has."""
    return f"bench-{uuid4().hex[:12]}"


@contextmanager
def queue(name: str) -> Iterator[None]:
    """A durable quorum queue, as long as it is needed."""
    with connect() as connection, connection.channel() as channel:
        channel.queue_declare(name, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
    try:
        yield
    finally:
        with connect() as connection, connection.channel() as channel:
            channel.queue_delete(name)


class Filling:
    """Looks how many messages a queue holds, many times a second, from when it is entered."""

    def __init__(self, queue: str) -> None:
        self._queue = queue
        self._looks: list[tuple[float, int]] = []
        self._changed = threading.Condition()
        self._done = False
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._done = True
        self._thread.join()

    @property
    def depth(self) -> int:
        return self._looks[-1][1] if self._looks else 0

    def until(self, count: int) -> tuple[float, int]:
        """When so many were there first, and how many it were then."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.depth >= count, PATIENCE):
                raise SystemExit(f"the queue held {self.depth} messages after {PATIENCE:.0f} s, {count} were expected")
            return next(look for look in self._looks if look[1] >= count)

    def _look(self) -> None:
        with connect() as connection, connection.channel() as channel:
            while not self._done:
                found = channel.queue_declare(self._queue, passive=True).message_count
                with self._changed:
                    self._looks.append((time.perf_counter(), found))
                    self._changed.notify_all()
                time.sleep(POLL_SECONDS)
