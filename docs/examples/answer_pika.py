"""Answers every customer, by a command on the bus. In front: pip install pika; a subscription with `commands: true`.

python answer_pika.py amqp://user:password@broker.example.com/%2F bot
"""

import json
import sys

import pika

url, name = sys.argv[1:]


def take(channel, delivery, properties, body):
    event = json.loads(body)
    if event["type"] == "onethread.message.received.v1":
        said = event["data"]["message"]
        command = {
            "specversion": "1.0",
            "id": f"answer-to-{said['id']}",  # the same each time, so that nobody is answered twice
            "source": "/bot",
            "type": "onethread.message.send.v1",
            "data": {"conversation_id": said["conversation_id"], "text": f"You said: {said['text']}"},
        }
        channel.basic_publish(f"onethread.cmd.{name}", "", json.dumps(command), persistent, mandatory=True)
    elif event["type"].startswith("onethread.command."):
        print(event["type"], event["data"]["command_id"], flush=True)
    channel.basic_ack(delivery.delivery_tag)


persistent = pika.BasicProperties(delivery_mode=2, content_type="application/cloudevents+json")
channel = pika.BlockingConnection(pika.URLParameters(url)).channel()
channel.confirm_delivery()
channel.basic_qos(prefetch_count=32)
channel.basic_consume(f"onethread.q.{name}", take)
channel.start_consuming()
