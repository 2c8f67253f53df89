"""Takes a subscription's events with pika. In front: pip install pika.

python consume_pika.py amqp://user:password@broker.example.com/%2F archive
"""

import json
import sys

import pika

url, name = sys.argv[1:]


def take(channel, delivery, properties, body):
    event = json.loads(body)
    print(event["type"], event["id"], flush=True)  # keep it here; an id may come twice
    channel.basic_ack(delivery.delivery_tag)


channel = pika.BlockingConnection(pika.URLParameters(url)).channel()
channel.basic_qos(prefetch_count=32)
channel.basic_consume(f"onethread.q.{name}", take)  # the hub declares it
channel.start_consuming()
