"""Events as a relay reads them: the envelope's fields and the bytes, never what the event says.

Reading blocks on the store and belongs in a thread; every look is bounded.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from gateway.feed import Feed
from gateway.recent import Item
from gateway.settings.subscribing import SubscriptionEntry
from normalizer.model import Priority

URGENT = frozenset({Priority.EMERGENCY, Priority.HIGH})
SAYS_URGENT = re.compile(b'"priority":"(?:%s)"' % "|".join(sorted(URGENT)).encode()).search
"""Whether an event may be urgent; its data may say such a thing of something else. Cheaper than reading it."""
CONVERSATION = "/conversations/"
ANSWER = "command."
"""How the types of answers to commands begin."""


class Head(msgspec.Struct, frozen=True):
    """What of an envelope subscriptions look at."""

    id: str
    source: str
    partitionkey: str
    priority: str
    sequence: str | None = None
    channel: str | None = None
    connector: str | None = None
    inbox: str | None = None
    traceparent: str | None = None


HEAD = msgspec.json.Decoder(Head)


class Event(msgspec.Struct, frozen=True):
    position: int
    type: str
    """Its short name."""
    body: bytes
    """The CloudEvent as JSON, its `position` written in."""
    head: Head

    @property
    def partition(self) -> str:
        """What must stay in order: mostly a conversation."""
        return self.head.partitionkey

    @property
    def urgent(self) -> bool:
        return self.head.priority in URGENT

    @property
    def in_history(self) -> bool:
        """It has its place in a conversation's history, where what stands before it is found."""
        return self.head.sequence is not None and self.head.source == CONVERSATION + self.partition


class Filter(msgspec.Struct, frozen=True):
    """Looks at envelope fields only, so that it says the same of an event at any time."""

    types: tuple[str, ...] = ()
    """Short names or patterns to read; none is all."""
    connectors: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    inboxes: frozenset[str] = frozenset()
    asking: str = ""
    """The source of answers to its own commands, which it gets whatever else it wants."""
    listens: bool = True
    """Whether it wants answers to others' commands, where the types are its own to name."""

    def wants(self, type_: str, head: Head) -> bool:
        """Whether an event of a type that is read is wanted."""
        if type_.startswith(ANSWER):
            return head.source == self.asking or self.listens
        return (
            (not self.connectors or head.connector in self.connectors)
            and (not self.channels or head.channel in self.channels)
            and (not self.inboxes or head.inbox in self.inboxes)
        )


EVERYTHING = Filter()


def filter_of(name: str, entry: SubscriptionEntry, *, everything: bool = False) -> Filter:
    """What a subscription wants. Answers to commands go to who gave them, and to who names them."""
    answers = bool(entry.types and entry.commands)
    named = any(type_.startswith(ANSWER) for type_ in entry.types)
    return Filter(
        types=(*entry.types, *((ANSWER + "*",) if answers and not named else ())),
        connectors=frozenset(entry.connectors),
        channels=frozenset(entry.channels),
        inboxes=frozenset(entry.inboxes),
        asking=f"/subscriptions/{name}",
        listens=everything or named,
    )


class Batch(NamedTuple):
    events: list[Event]
    seen: int
    """Every wanted event up to here is in this batch or before it."""
    complete: bool
    """`seen` was the newest position then."""


def read(feed: Feed, wanted: Filter, after: int, limit: int) -> Batch:
    """What is wanted of the next events. Raises PositionGone."""
    page = feed.page(after, limit, wanted.types)
    return Batch(_wanted(page.items, wanted), page.seen, page.complete)


def read_urgent(feed: Feed, wanted: Filter, after: int, limit: int) -> Batch:
    """What of the next events is wanted, and urgent. Raises PositionGone."""
    page = feed.page(after, limit, wanted.types)
    likely = [item for item in page.items if SAYS_URGENT(item.event)]
    return Batch([event for event in _wanted(likely, wanted) if event.urgent], page.seen, page.complete)


def read_at(feed: Feed, positions: Sequence[int]) -> list[Event]:
    """The events at these positions, as they read now; those that are gone are left out."""
    found = (feed.page(position - 1, 1).items for position in positions)
    return [event for items, at in zip(found, positions, strict=True) for event in _at(items, at)]


def read_conversation(feed: Feed, wanted: Filter, event: Event, after: int, most: int) -> list[Event] | None:
    """What is wanted of an event's conversation between a position and the event; None where it is more than `most`."""
    found: list[Event] = []
    seen, complete = after, False
    while not complete and seen < event.position - 1:
        page = feed.page(seen, most + 1, wanted.types, event.partition)
        found += [one for one in _wanted(page.items, wanted) if one.position < event.position]
        if len(found) > most:
            return None
        seen, complete = page.seen, page.complete
    return found


def _at(items: list[Item], position: int) -> list[Event]:
    return [event for event in _wanted(items, EVERYTHING) if event.position == position]


def _wanted(items: list[Item], wanted: Filter) -> list[Event]:
    events = map(_read, items)
    return [event for event in events if wanted.wants(event.type, event.head)]


def _read(item: Item) -> Event:
    event: Event | None = item.read
    if event is None:
        event = item.read = Event(item.position, item.type, item.event, HEAD.decode(item.event))
    return event
