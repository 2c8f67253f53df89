"""The least a publisher can do, to measure the relay against: py-amqp with copies ready in memory, confirms pipelined.

python -m benchmarks.bare_publisher STORE QUEUE COUNT
"""

import json
import select
import sys
import time
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from amqp import Message

from benchmarks.backlog import copies
from benchmarks.broker import connect
from gateway.bus.contract import CONTENT_TYPE
from gateway.bus.publishing import SLICE, WINDOW
from gateway.relay.copies import Copy


def main() -> None:
    store, queue, count = sys.argv[1:]
    ready = list(copies(Path(store), int(count)))
    began, spent = time.perf_counter(), time.process_time()
    publish(queue, ready)
    took = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - spent}
    print(json.dumps({"copies": len(ready), **took}))


def publish(queue: str, ready: Sequence[Copy]) -> None:
    """Returns when all are confirmed."""
    unconfirmed: dict[int, None] = {}

    def acked(tag: int, multiple: bool) -> None:
        for each in list(takewhile(lambda one: one <= tag, unconfirmed)) if multiple else [tag]:
            del unconfirmed[each]

    with connect() as connection, connection.channel() as channel:
        channel.confirm_select()
        channel.events["basic_ack"].add(acked)
        incoming = select.poll()
        incoming.register(connection.sock, select.POLLIN)
        for tag, copy in enumerate(ready, 1):
            properties = {"delivery_mode": 2, "message_id": copy.id, "application_headers": dict(copy.headers)}
            message = Message(copy.body, content_type=CONTENT_TYPE, **properties)
            unconfirmed[tag] = None
            channel.basic_publish(message, exchange="", routing_key=queue, mandatory=True)
            while (tag % SLICE == 0 and incoming.poll(0)) or len(unconfirmed) >= WINDOW:
                connection.drain_events()
        while unconfirmed:
            connection.drain_events()


if __name__ == "__main__":
    main()
