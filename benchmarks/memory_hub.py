"""A hub with its bus in memory, and a consumer beside it in the same process, where alone such a bus can be consumed.

python -m benchmarks.memory_hub CONFIG QUEUE RESULT. Serves as `onethread serve` does. After SIGTERM it writes which
messages the consumer had and when, by the machine's steady clock, as JSON.
"""

import json
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from kombu import Connection, Consumer, Queue

from benchmarks.readers import RECEIVED, Seen, number_of
from gateway import logs
from gateway.server import serve
from gateway.settings import load

POLLING = 0.005
"""Seconds between a consumer's looks, as docs/explanation/bus.md advises."""


def main() -> None:
    config, queue, result = sys.argv[1:]
    logs.configure("info", ())
    settings = load(Path(config), os.environ)
    seen: Seen = []
    ended = threading.Event()
    consumer = threading.Thread(target=consume, args=(queue, seen, ended), daemon=True)
    serve(settings, os.environ, settings.listen, lambda _: consumer.start())
    ended.set()
    consumer.join()
    Path(result).write_text(json.dumps(seen))


def consume(queue: str, seen: Seen, ended: threading.Event) -> None:
    def take(message: Any) -> None:
        body = message.body.encode() if isinstance(message.body, str) else message.body
        seen.append((number_of(RECEIVED.decode(body)), time.perf_counter()))
        message.ack()

    with (
        Connection("memory://", transport_options={"polling_interval": POLLING}) as connection,
        Consumer(connection, [Queue(queue, durable=True)], on_message=take, prefetch_count=1_000),
    ):
        while not ended.is_set():
            with suppress(TimeoutError):
                connection.drain_events(timeout=0.2)


if __name__ == "__main__":
    main()
