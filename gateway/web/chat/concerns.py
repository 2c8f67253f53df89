"""Whom an event of the feed may concern."""

from collections.abc import Hashable, Iterable, Sequence

from gateway.board import Seat
from gateway.recent import Item
from gateway.web.chat.showing import SHOWN, Event, read_event

REFRESHING = frozenset(
    {
        "conversation.opened",
        "conversation.merged",
        "route.added",
        "route.closed",
        "contact.updated",
        "contact.merged",
        "contact.unmerged",
        "contact.erased",
    }
)
"""Events that may change what somebody can see."""


def events_of(items: Sequence[Item]) -> list[Event]:
    wanted = (item for item in items if item.type in SHOWN or item.type in REFRESHING)
    return [read_event(item.position, item.type, item.event) for item in wanted]


def concerned(event: Event) -> Iterable[Hashable]:
    """Conversations, contacts and seats whose clients may see more or less after an event of `REFRESHING`."""
    envelope = event.envelope
    yield envelope.partitionkey
    yield envelope.subject
    data = envelope.data
    if data.conversation is not None and data.conversation.contact_id is not None:
        yield data.conversation.contact_id
    if data.route is not None:
        yield Seat(data.route.connector_id, data.route.address)
    if data.merged is not None:
        yield data.merged.id
