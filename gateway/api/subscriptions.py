"""Subscriptions: looking at them, making, changing and ending them, what waits, and replays."""

from msgspec import UNSET

from gateway.api.cursors import cursor, number_at
from gateway.api.feeding import vouched
from gateway.api.problems import Code, Problem, gone, invalid, not_found, unknown_type
from gateway.api.route import Answer, Call
from gateway.api.shapes import MOST_ON_PAGE
from gateway.api.subscription_entries import definition, entry_changed, entry_made
from gateway.api.subscription_shapes import (
    ParkedPage,
    ReplayList,
    ResumedAnswer,
    SubscriptionAnswer,
    SubscriptionList,
    SubscriptionMade,
    SubscriptionReplayAnswer,
)
from gateway.feed import Feed, PositionGone, UnknownType
from gateway.relay import changing, looking
from gateway.relay.catalogue import Row, joined, reading
from gateway.relay.changing import Change, InTheWay, NoSuch, Unchanged
from gateway.relay.replaying import narrowed
from gateway.relay.subscription import State, Subscription

NO_CONTENT = Answer(content=b"", status=204)
ABSENT = "the configuration has this subscription no more: only its place is kept"
NEWEST, OLDEST = "newest", "oldest"
DIGITS = 18
"""A position of more is beyond every feed."""


def listing(call: Call) -> SubscriptionList:
    hub = call.hub
    return SubscriptionList(subscriptions=tuple(looking.infos(hub.engine, hub.settings, hub.relays)))


def get(call: Call) -> SubscriptionAnswer:
    hub = call.hub
    found = looking.info(hub.engine, hub.settings, _name(call), hub.relays)
    if found is None:
        raise not_found("subscription")
    return SubscriptionAnswer(subscription=found)


def make(call: Call) -> SubscriptionMade:
    entry, secret = entry_made(call.body, call.hub.settings)
    _change(call, changing.Made(call.body.name, entry, trusted=False, seal=call.hub.settings.seal))
    found = looking.info(call.hub.engine, call.hub.settings, call.body.name, call.hub.relays)
    if found is None:  # and deleted again at once
        raise not_found("subscription")
    return SubscriptionMade(subscription=found, secret=secret)


def patch(call: Call) -> SubscriptionAnswer:
    """What it is changes before how it stands, so that it runs as it shall."""
    name, body = _name(call), call.body
    row, known = _known(call)
    if definition(body):
        if known is None:
            raise Problem(409, Code.CONFLICT, ABSENT)
        entry = entry_changed(known.entry, body, call.hub.settings, trusted=row.trusted)
        if entry != known.entry:
            _change(call, changing.Redefined(name, entry, row.revision, call.hub.settings.seal))
    if body.position is not UNSET:
        _change(call, changing.Moved(name, _place(call.hub.feed, "position", body.position)))
    if body.state is not UNSET:
        _change(call, changing.Stated(name, State(body.state)))
    return get(call)


def remove(call: Call) -> Answer:
    """Of those of the file only the place, once the file has them no more."""
    row, known = _known(call)
    if known and row.body is None:
        raise Problem(409, Code.CONFLICT, f"the configuration provides {row.name}: take it out there first")
    _change(call, changing.Removed(row.name))
    return NO_CONTENT


def parked(call: Call) -> ParkedPage:
    _known(call)
    after = number_at("parked", call.query.cursor) if call.query.cursor else -1
    limit = min(call.query.limit, MOST_ON_PAGE)
    found = looking.parked(call.hub.engine, _name(call), after, limit + 1)
    left = len(found) > limit
    return ParkedPage(parked=tuple(found[:limit]), next=cursor("parked", found[limit - 1].position) if left else None)


def resume(call: Call) -> ResumedAnswer:
    resumed = _change(call, changing.Retried(_name(call), call.body.partition))
    assert isinstance(resumed, int)
    return ResumedAnswer(resumed=resumed)


def skip(call: Call) -> Answer:
    position = _decimal("position", call.body.position)
    _change(call, changing.Skipped(_name(call), call.body.partition, position))
    return NO_CONTENT


def replay(call: Call) -> SubscriptionReplayAnswer:
    feed, body = call.hub.feed, call.body
    _, known = _known(call)
    if known is None:
        raise Problem(409, Code.CONFLICT, ABSENT)
    after, until = _place(feed, "after", body.after), _place(feed, "until", body.until or NEWEST)
    if until < after:
        raise invalid("until", "is before `after`")
    try:
        if narrowed(known.filter, body.types) is None:
            raise invalid("types", f"{known.name} gets no events of these types")
    except UnknownType as error:
        raise unknown_type(error) from error
    made = _change(call, changing.Replay(known.name, after, until, body.types))
    found = looking.replay(call.hub.engine, known.name, str(made))
    if found is None:  # the subscription was deleted at once
        raise not_found("replay")
    return SubscriptionReplayAnswer(replay=found)


def replays(call: Call) -> ReplayList:
    _known(call)
    return ReplayList(replays=tuple(looking.replays(call.hub.engine, _name(call))))


def cancel(call: Call) -> Answer:
    _change(call, changing.Cancelled(_name(call), call.id))
    return NO_CONTENT


def _place(feed: Feed, path: str, text: str) -> int:
    """A position to go on after. Raises Problem: 422 for what is none, 410 for one no longer kept or not yet there."""
    if text == NEWEST:
        return feed.newest()
    oldest = feed.oldest()
    position = oldest - 1 if text == OLDEST else _decimal(path, text)
    if position > feed.newest() or (position < oldest - 1 and position):
        raise gone(PositionGone(oldest))
    return max(vouched(feed, position), oldest - 1)


def _decimal(path: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= DIGITS):
        raise invalid(path, "not a position: a decimal number, as `next` and `position` give it")
    return int(text)


def _name(call: Call) -> str:
    return call.path["name"]


def _known(call: Call) -> tuple[Row, Subscription | None]:
    """A subscription's row, and what it is; None where nobody says so any more. Raises Problem."""
    with reading(call.hub.engine) as found:
        row = found.one(_name(call))
    if row is None:
        raise not_found("subscription")
    return row, joined(call.hub.settings, [row]).get(row.name)


def _change(call: Call, wanted: Change) -> object:
    """What it brings, once it is durable. Raises Problem."""
    result = call.hub.writer.submit(changing.change, wanted).result()
    if isinstance(result, Unchanged):
        status, code = PROBLEMS[type(result)]
        raise Problem(status, code, str(result))
    return result


PROBLEMS = {NoSuch: (404, Code.NOT_FOUND), InTheWay: (409, Code.CONFLICT)}
