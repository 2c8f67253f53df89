"""Queues, exchanges and messages of kombu's virtual transports, those that imitate AMQP over something else: memory and
Redis. Each function blocks as its transport does.
"""

from collections.abc import Mapping
from typing import Any

from gateway.bus.contract import CONTENT_TYPE, Incoming

QUEUES = "onethread.queues"
"""The exchange every queue is bound to: by its bindings kombu finds a queue, and deletes it."""


def let_exist(channel: Any, queue: str, *, inlet: str | None) -> None:
    """`inlet` is the type of its own exchange, where it has one."""
    channel.queue_declare(queue, durable=True)
    channel.queue_bind(queue, QUEUES, queue)
    if inlet:
        channel.exchange_declare(queue, inlet, durable=True)
        channel.queue_bind(queue, queue, "")


def bound(channel: Any, exchange: str, key: str) -> bool:
    """Whether some queue takes from a topic what bears this key."""
    return any(channel.typeof(exchange).lookup(channel.get_table(exchange), exchange, key, None))


def send(channel: Any, exchange: str, key: str, body: bytes, headers: Mapping[str, str], message_id: str) -> None:
    message = channel.prepare_message(
        body,
        content_type=CONTENT_TYPE,
        headers=dict(headers),
        properties={"delivery_mode": 2, "message_id": message_id},
    )
    channel.basic_publish(message, exchange, key)


def incoming(message: Any, headers: Mapping[str, Any], *, redelivered: bool) -> Incoming:
    """`headers` are those that whoever published it gave it."""
    given, body = message.properties, message.body or b""
    return Incoming(
        body=body.encode() if isinstance(body, str) else bytes(body),
        content_type=message.content_type or "application/octet-stream",
        headers={name: str(value) for name, value in headers.items()},
        redelivered=redelivered,
        reply_to=given.get("reply_to"),
        correlation_id=given.get("correlation_id"),
        message_id=given.get("message_id"),
    )
