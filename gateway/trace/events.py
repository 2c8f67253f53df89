"""Events of a story: those of its conversations that are about it, those of a trace, and answers to commands."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from gateway.relay.events import HEAD, Head
from gateway.store.histories import both
from gateway.telling import Heard, words
from gateway.trace.rows import IN, Rows
from gateway.trace.searching import made_at
from gateway.trace.story import Event
from gateway.tracing import trace_of
from normalizer.codec import decoder
from normalizer.events import AcceptanceData

MOST = 500
"""Of the conversations; the newest."""
KINDS = ("event", "event of the trace", "command")
"""Of clues: an event by its position."""
WITHIN = 4
"""Positions after the event a command brought about, at which its answer stands."""
_OF_HISTORY = (
    both(
        "SELECT h.position, e.type, e.recorded_at, e.body FROM {history} h"
        " CROSS JOIN events e ON e.position = h.position"
        " WHERE h.conversation IN (SELECT number FROM conversations WHERE id IN (SELECT value FROM json_each(?1)))"
        " AND e.subject IN (SELECT value FROM json_each(?2)) AND h.position IS NOT NULL"
    )
    + " ORDER BY 1 DESC LIMIT ?3"
)
_AT = f"SELECT position, type, recorded_at, body FROM events WHERE position {IN}"
_ANSWERS_AT = f"{_AT} AND +type = 'command.accepted'"  # the + keeps to the positions


class _Answer(msgspec.Struct, frozen=True):
    data: AcceptanceData


class Found(NamedTuple):
    """An event with its envelope's fields."""

    event: Event
    head: Head
    recorded_at: int

    @property
    def made(self) -> int:
        """In milliseconds since 1970 UTC."""
        return made_at(self.event.id)


Grouped = defaultdict[str, list[Found]]


def of_history(rows: Rows, conversations: set[str], about: Mapping[str, str | None]) -> Grouped:
    """Events of conversations by what they are about; `about` names what another subject stands for."""
    found: Grouped = defaultdict(list)
    newest = rows(_OF_HISTORY, conversations, set(about), MOST + 1)
    if len(newest) > MOST:
        rows.note(f"of the conversations the newest {MOST} events")
    for row in reversed(newest[:MOST]):
        one = _read(*row)
        found[about[one.event.subject] or one.event.subject].append(one)
    return found


def add_answers(rows: Rows, found: Grouped, messages: Iterable[str]) -> None:
    """Puts the answer to the command that brought an event of a message about after it."""
    told = {message: {one.event.position for one in found[message]} for message in messages}
    after = {position + n for positions in told.values() for position in positions for n in range(1, WITHIN + 1)}
    for row in rows(_ANSWERS_AT, after):
        one = _read(*row)
        message = decoder(_Answer).decode(row.body).data.message_id
        if message in told and one.event.position not in told[message]:
            found[message].append(one)
            found[message].sort(key=_position)


def at(rows: Rows, positions: set[int]) -> list[Found]:
    """The events at these positions."""
    return [_read(*row) for row in rows(_AT, positions)]


def in_order(found: Iterable[Found]) -> list[Found]:
    return sorted(found, key=_position)


def _position(one: Found) -> int:
    return one.event.position


def _read(position: int, type_: str, recorded_at: int, body: bytes) -> Found:
    heard, head = decoder(Heard).decode(body), HEAD.decode(body)
    event = Event(
        position=position,
        id=heard.id,
        type=type_,
        time=heard.time,
        sequence=None if heard.sequence is None else int(heard.sequence),
        subject=heard.subject,
        trace=trace_of(head.traceparent),
        says=words(type_, heard.data),
    )
    return Found(event, head, recorded_at)
