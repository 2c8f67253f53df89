"""Where events are on their way to each subscriber, by what the store knows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec

from connectors.kit.redact import Redactor
from connectors.kit.secret import Secret
from gateway.feed import expand
from gateway.relay import catalogue
from gateway.relay.subscription import Origin, State, Subscription
from gateway.settings.model import Settings
from gateway.store.times import from_us
from gateway.trace.events import Found
from gateway.trace.rows import IN, Rows
from gateway.trace.story import Held, Subscriber

MOST = 100
"""Subscribers, by name."""
_ROWS = f"SELECT {catalogue.COLUMNS}, beyond FROM subscriptions ORDER BY name"
_HELD = (  # with the first of its partition
    "SELECT h.position, h.attempts, h.due_at, h.error, h.since, f.position, f.attempts > 0 AND f.due_at IS NULL"
    " FROM held_events h"
    " JOIN held_events f ON f.subscription = h.subscription AND f.position = (SELECT min(g.position) FROM held_events g"
    " WHERE g.subscription = h.subscription AND g.partition = h.partition)"
    f" WHERE h.subscription = ? AND h.position {IN} ORDER BY h.position"
)


class Place(NamedTuple):
    """How far a subscription is."""

    row: catalogue.Row
    beyond: frozenset[int]


class Subscribers:
    """All that the settings or the store know of."""

    def __init__(self, rows: Rows, settings: Settings) -> None:
        self._rows = rows
        self._places: dict[str, Place] = {}
        for *columns, beyond in rows(_ROWS):
            row = catalogue.Row(*columns)
            self._places[row.name] = Place(row._replace(state=State(row.state)), frozenset(msgspec.json.decode(beyond)))
        placed = [place.row for place in self._places.values()]
        self._known: Mapping[str, Subscription] = catalogue.joined(settings, placed)

    def secrets(self) -> list[Secret]:
        return [secret for one in self._known.values() for secret in one.entry.secrets()]

    def tell(self, events: Sequence[Found], redact: Redactor) -> tuple[Subscriber, ...]:
        """How far each event is, for each of the first `MOST`."""
        names = sorted(self._known) if events else []
        if len(names) > MOST:
            self._rows.note(f"{len(names) - MOST} more subscribers are left out, from {names[MOST]} on")
        return tuple(self._tell(self._known[name], events, redact) for name in names[:MOST])

    def _tell(self, one: Subscription, events: Sequence[Found], redact: Redactor) -> Subscriber:
        place = self._places.get(one.name)
        types = expand(one.filter.types) if one.filter.types else None
        held = {row.position: row for row in self._held(one.name, events, redact)}
        stand: defaultdict[str, list[int]] = defaultdict(list)
        for found in events:
            type_, position = found.event.type, found.event.position
            if position in held:  # also where it is not wanted any more
                stand["held"].append(position)
            elif (types is None or type_ in types) and one.filter.wants(type_, found.head):
                stand[_stand(one, place, found)].append(position)
            else:
                stand["unwanted"].append(position)
        row = place.row if place else None
        return Subscriber(
            name=one.name,
            target=_target(one),
            state=row.state if row else "new",
            reason=redact(row.reason) if row and row.reason else None,
            problem=redact(row.error) if row and row.error and row.state is State.ACTIVE else None,
            position=row.position if row else None,
            sent=tuple(stand["sent"]),
            waiting=tuple(stand["waiting"]),
            held=tuple(held[position] for position in stand["held"]),
            earlier=tuple(stand["earlier"]),
            unwanted=tuple(stand["unwanted"]),
        )

    def _held(self, name: str, events: Sequence[Found], redact: Redactor) -> Iterator[Held]:
        positions = [found.event.position for found in events]
        for position, attempts, due, error, since, first, parked in self._rows(_HELD, name, positions):
            yield Held(
                position=position,
                state="parked" if parked else "held",
                attempts=attempts,
                error=redact(error) if error else None,
                due_at=None if due is None else from_us(due),
                since=from_us(since),
                behind=None if first == position else first,
            )


def _stand(one: Subscription, place: Place | None, found: Found) -> str:
    """Of an event that is wanted, and not held."""
    position = found.event.position
    if place is None or (position > place.row.position and position not in place.beyond):
        return "waiting"
    began_later = found.recorded_at < place.row.created_at and one.entry.start == "newest"
    return "earlier" if began_later else "sent"


def _target(one: Subscription) -> Literal["queue", "webhook", "exchange"]:
    if one.origin is Origin.BUILT_IN:
        return "exchange"
    return "queue" if one.entry.queue else "webhook"
