"""A subscriber's program: takes a queue with kombu, says each copy on a line, and only then acknowledges it.

python -m tests.end_to_end.queue_consumer amqp://guest:guest@127.0.0.1:5672// onethread.q.archive
"""

import json
import sys
from typing import Any

from kombu import Connection, Queue
from kombu.mixins import ConsumerMixin

SAID = ("id", "position", "previous", "partitionkey")


class Archive(ConsumerMixin):  # type: ignore[misc]  # kombu is untyped
    def __init__(self, url: str, queue: str) -> None:
        self.connection = Connection(url, heartbeat=10)
        self.queue = Queue(queue, no_declare=True)

    def get_consumers(self, consumer: Any, _: Any) -> list[Any]:
        return [consumer([self.queue], on_message=self.take, prefetch_count=32)]

    def take(self, message: Any) -> None:
        event = json.loads(message.body)
        sys.stdout.write(json.dumps([event[name] for name in SAID]) + "\n")
        sys.stdout.flush()
        message.ack()


if __name__ == "__main__":
    Archive(*sys.argv[1:]).run()
