"""The items that made and changed the messages of a story, and the raw requests they came in."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from gateway.trace.events import Found
from gateway.trace.requests import (
    Arrived,
    Cause,
    behind,
    by_names,
    connectors_of,
    connectors_of_raws,
    of_requests,
    through,
    with_pieces,
)
from gateway.trace.rows import Rows
from gateway.trace.story import Sending
from normalizer.model import Direction, Message
from normalizer.status import Status

REPORTED = frozenset({Status.DELIVERED, Status.READ})
"""What the provider alone can tell."""


class Items:
    """Filled by `look`; then read."""

    def __init__(self) -> None:
        self.raws: defaultdict[str, set[str]] = defaultdict(set)
        """Ids of the raw requests of each message."""
        self._found: dict[tuple[str, str], tuple[str | None, Arrived]] = {}

    def of(self, message_id: str) -> list[Arrived]:
        """Oldest first."""
        return sorted((one for about, one in self._found.values() if about == message_id), key=_when)

    def others(self, messages: set[str]) -> list[Arrived]:
        """Those that are about none of these messages."""
        return sorted((one for about, one in self._found.values() if about not in messages), key=_when)

    def without(self, raws: set[str]) -> set[str]:
        """The raw requests no item of which is found yet."""
        return raws - {one.raw_id for _, one in self._found.values()}

    def add(self, about: str | None, found: Iterable[Arrived]) -> None:
        for one in found:
            self._found.setdefault((one.connector_id, one.key), (about, one))
            if about is not None:
                self.raws[about].add(one.raw_id)


def look(
    rows: Rows,
    messages: Sequence[Message],
    events: Mapping[str, Sequence[Found]],
    deliveries: Mapping[str, Sequence[Sending]],
    asked: set[str],
) -> Items:
    """Those of the messages, and of the raw requests that were asked for."""
    items, unclear = Items(), set[str]()
    for message in messages:
        items.add(message.id, by_names(rows, message))
        for maybe in behind(rows, _causes(events[message.id], bool(deliveries[message.id]))):
            if len(maybe) == 1:
                items.raws[message.id] |= maybe
            elif maybe.isdisjoint(items.raws[message.id]):
                unclear |= maybe
    items.add(None, of_requests(rows, asked))
    ids = {message.id for message in messages}
    lonely = [one for one in messages if not items.of(one.id) and _came(one, deliveries[one.id])]
    lacking = items.without(asked.union(unclear, *items.raws.values()))
    if lonely or lacking:
        connectors = {name for message in lonely for name in connectors_of(rows, message)}
        connectors |= set(connectors_of_raws(rows, lacking).values())
        for one in through(rows, connectors, lacking, {message.id for message in lonely}):
            if one.message_id in ids or one.raw_id in asked:
                items.add(one.message_id, with_pieces(rows, [one]))
    return items


def _causes(events: Sequence[Found], delivered: bool) -> list[Cause]:
    """Of events that no command brought about."""
    commanded = {
        found.event.trace
        for found in events
        if found.event.type == "command.accepted" or (delivered and found.event.type == "message.created")
    }
    return [Cause(one.event.trace, one.made) for one in events if one.event.trace and one.event.trace not in commanded]


def _came(message: Message, deliveries: Sequence[Sending]) -> bool:
    """Whether a request of the provider's must have told of it."""
    if message.direction == Direction.OUT:
        return not deliveries or any(one.delivery.status in REPORTED for one in deliveries)
    return message.direction == Direction.IN


def _when(one: Arrived) -> tuple[int, str]:
    return one.recorded_at, one.key
