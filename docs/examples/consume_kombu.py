"""Takes a subscription's events with kombu, over lost connections too. In front: pip install kombu.

python consume_kombu.py amqp://user:password@broker.example.com/ archive
"""

import json
import sys

from kombu import Connection, Queue
from kombu.mixins import ConsumerMixin


class Archive(ConsumerMixin):
    def __init__(self, url, name):
        self.connection = Connection(url, heartbeat=10)
        self.queue = Queue(f"onethread.q.{name}", no_declare=True)  # the hub declares it

    def get_consumers(self, Consumer, channel):
        return [Consumer([self.queue], on_message=self.take, prefetch_count=32)]

    def take(self, message):
        event = json.loads(message.body)
        print(event["type"], event["id"], flush=True)  # keep it here; an id may come twice
        message.ack()


if __name__ == "__main__":
    Archive(*sys.argv[1:]).run()
