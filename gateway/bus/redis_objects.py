"""Queues, exchanges and messages in Redis, as kombu keeps them. Each function blocks.

What a queue is, Redis does not know while it is empty: every queue is bound to one exchange, and that is how it exists.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.bus import virtual
from gateway.bus.contract import BusDown, Incoming, Publication, Unroutable
from gateway.bus.fitting import undeclared
from gateway.bus.virtual import QUEUES

INLET = "direct"
"""The type of an inlet's exchange, with an empty key: kombu's fanout forgets what nobody listens to."""


def publish_all(
    publications: Sequence[Publication], topics: frozenset[str], channel: Any
) -> list[BusDown | Unroutable | None]:
    there = {key: exists(channel, key) for key in {one.key for one in publications if one.exchange == ""}}
    return [_publish(channel, one, topics, there) for one in publications]


def _publish(
    channel: Any, one: Publication, topics: frozenset[str], there: Mapping[str, bool]
) -> BusDown | Unroutable | None:
    """What is wrong with it. `there`: which queues there were when those handed over together were looked at."""
    if one.exchange == "":
        if not there[one.key]:
            return Unroutable(f"no queue takes {one.key}") if one.mandatory else None
    elif one.exchange not in topics:
        return undeclared(one.exchange, mandatory=one.mandatory)
    elif one.mandatory and not virtual.bound(channel, one.exchange, one.key):
        return Unroutable(f"no queue takes {one.key}")
    virtual.send(channel, one.exchange, one.key, one.body, one.headers, one.message_id)
    return None


def let_exist(channel: Any, queue: str, *, inlet: bool) -> None:
    virtual.let_exist(channel, queue, inlet=INLET if inlet else None)


def delete(channel: Any, queue: str) -> None:
    channel._delete(queue, queue, "", "")
    channel._delete(queue, QUEUES, queue, "")
    channel.state.queue_bindings_delete(queue)


def exists(channel: Any, queue: str) -> bool:
    member = channel.sep.join((queue, "", queue))
    return bool(channel.client.sismember(channel.keyprefix_queue % QUEUES, member))


def incoming(message: Any) -> Incoming:
    given, headers = message.properties, dict(message.headers or {})
    again = headers.pop("redelivered", False) or given.get("delivery_info", {}).get("redelivered", False)
    return virtual.incoming(message, headers, redelivered=bool(again))
