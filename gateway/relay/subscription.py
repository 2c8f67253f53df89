"""A subscription as it runs: what the file or the store says of it, and where it stands."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.relay.events import Filter, filter_of
from gateway.settings.subscribing import SubscriptionEntry

TOPIC_NAME = "onethread.events"
"""The built-in subscription of the topic exchange; a name with a dot, which no other can have."""


class Origin(StrEnum):
    """Who says what the subscription is."""

    FILE = "file"
    API = "api"
    BUILT_IN = "built-in"


class State(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    """By an operator."""
    PARKED = "parked"
    """By the hub: nothing could be done any more without an operator."""
    DISABLED = "disabled"
    """By the target, which wants no more."""


@dataclass(frozen=True)
class Subscription:
    name: str
    origin: Origin
    entry: SubscriptionEntry
    trusted: bool = True
    """An operator configured its address, which may then be in a private network."""

    @property
    def filter(self) -> Filter:
        return filter_of(self.name, self.entry, everything=self.origin is Origin.BUILT_IN)
