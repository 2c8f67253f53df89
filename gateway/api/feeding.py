"""The feed as its readers ask for it: shared by the page, the long poll and the stream."""

from dataclasses import dataclass

from gateway.api.problems import gone, invalid, unknown_type
from gateway.api.route import Answer, Call
from gateway.api.shapes import EventsQuery
from gateway.case_numbers import conversation_called, is_number
from gateway.feed import BEGINNING, Feed, Page, PositionGone, UnknownType, expand
from gateway.hub import Hub
from gateway.recent import Item

MOST_EVENTS = 1000
MOST_WAIT = 60.0
JSON = {"content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff"}
NEWEST = "newest"
DIGITS = 18
"""A position of more is beyond every feed."""


@dataclass(frozen=True)
class Reader:
    """What somebody reads, and from where on."""

    after: int
    limit: int
    types: tuple[str, ...]
    conversation: str | None
    wait: float


def reader(hub: Hub, query: EventsQuery, last_event_id: str | None = None) -> Reader:
    """Blocks on the store. Raises Problem: 422 for what is no position, type or conversation, 410 for a position that
    cannot be."""
    types = tuple(name.strip() for name in query.types.split(",") if name.strip())
    try:
        expand(types)
    except UnknownType as error:
        raise unknown_type(error) from error
    return Reader(
        after=_position(hub.feed, "Last-Event-ID" if last_event_id else "after", last_event_id or query.after),
        limit=min(query.limit, MOST_EVENTS),
        types=types,
        conversation=_conversation(hub, query.conversation),
        wait=min(query.wait, MOST_WAIT),
    )


def _position(feed: Feed, name: str, text: str) -> int:
    if not text:
        return BEGINNING
    if text == NEWEST:
        return feed.newest()
    if not (text.isascii() and text.isdecimal()):
        raise invalid(name, "not a position: a decimal number, as `next` and `position` give it")
    if len(text) > DIGITS:
        raise gone(PositionGone(feed.oldest()))
    return vouched(feed, int(text))


def vouched(feed: Feed, position: int) -> int:
    """A stranger's position, which this feed gave them. Raises Problem (410)."""
    try:
        feed.vouch(position)
    except PositionGone as error:
        raise gone(error) from error
    return position


def _conversation(hub: Hub, name: str | None) -> str | None:
    """The id of the conversation that goes by a number; an id stands for itself."""
    if name is None or not is_number(name):
        return name
    found = conversation_called(hub.engine, name)
    if found is None:
        raise invalid("conversation", f"there is no conversation #{name.removeprefix('#')}")
    return found


def look(feed: Feed, wanted: Reader, after: int) -> Page:
    """The next page. Blocks on the store. Raises Problem (410)."""
    try:
        return feed.page(after, wanted.limit, wanted.types, wanted.conversation)
    except PositionGone as error:
        raise gone(error) from error


def as_json(feed: Feed, wanted: Reader, items: list[Item]) -> bytes:
    """The page as it is answered."""
    position = items[-1].position if items else wanted.after
    if position == BEGINNING:
        position = feed.oldest() - 1
    return b'{"events":[%b],"next":"%d"}' % (b",".join(item.event for item in items), position)


def page(call: Call) -> Answer:
    """A page at once: without the hub's own server nobody waits or streams."""
    feed = call.hub.feed
    wanted = reader(call.hub, call.query)
    found = look(feed, wanted, wanted.after)
    while not found.items and not found.complete:
        found = look(feed, wanted, found.seen)
    return Answer(content=as_json(feed, wanted, found.items), headers=JSON)
