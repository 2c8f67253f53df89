"""Queues and exchanges at RabbitMQ. Each function uses a channel of its own, since what the broker refuses ends one.

All raise OSError and AMQPError.
"""

from typing import Any

import structlog
from amqp.exceptions import NotFound, PreconditionFailed

log = structlog.get_logger()


def let_queue_exist(connection: Any, queue: str, *, inlet: bool) -> None:
    """A durable quorum queue, unless there is another one of that name; an inlet's with its exchange."""
    arguments: dict[str, Any] = {"x-queue-type": "quorum"}
    if inlet:
        arguments["x-single-active-consumer"] = True
    with connection.channel() as channel:
        try:
            channel.queue_declare(queue, durable=True, auto_delete=False, arguments=arguments)
        except PreconditionFailed as error:
            log.warning("a queue has other properties, and is used as it is", queue=queue, reason=error.reply_text)
        if inlet:
            channel.exchange_declare(queue, "fanout", durable=True, auto_delete=False)
            channel.queue_bind(queue, queue)


def delete_queue(connection: Any, queue: str) -> None:
    """With what it holds, and its exchange; what is not there is deleted already."""
    with connection.channel() as channel:
        channel.queue_delete(queue)
        channel.exchange_delete(queue)


def let_topic_exist(connection: Any, exchange: str) -> None:
    """A durable topic exchange. Raises PreconditionFailed where there is one of another type."""
    with connection.channel() as channel:
        channel.exchange_declare(exchange, "topic", durable=True, auto_delete=False)


def queue_depth(connection: Any, queue: str) -> int | None:
    """Messages that wait to be fetched; None where there is no such queue."""
    with connection.channel() as channel:
        try:
            return int(channel.queue_declare(queue, passive=True).message_count)
        except NotFound:
            return None
