"""What things are called on the bus: a subscription's queue, the queue of its commands, and the topic for everybody."""

import re
from functools import lru_cache

TOPIC = "onethread.events"
"""The topic exchange that consumers bind queues of their own to."""
_OTHER = re.compile(r"[^a-z0-9_-]", re.ASCII)


def queue_of(subscription: str) -> str:
    """Where the copies for a subscription go."""
    return f"onethread.q.{subscription}"


def commands_of(subscription: str) -> str:
    """Where a subscription puts its commands. Whoever may write there is that subscription."""
    return f"onethread.cmd.{subscription}"


@lru_cache(maxsize=4096)
def topic_key(type_: str, channel: str | None, connector: str | None) -> str:
    """Always four words, `<entity>.<verb>.<channel>.<connector>`, with `-` where there is none.

    `type_` is the short name of an event. Words have [a-z0-9_-] only, so that a wildcard means the same on every
    transport.
    """
    entity, _, verb = type_.partition(".")
    return ".".join(_OTHER.sub("_", (word or "-").lower()) for word in (entity, verb, channel, connector))
