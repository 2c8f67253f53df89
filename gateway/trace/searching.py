"""Where in the feed a time is, and what there belongs to a trace. No index leads from a trace: every look is bounded.

Ids tell when they were made, and positions rise with them; so what caused something is looked for shortly before it,
and what it caused shortly after. Times are milliseconds since 1970 UTC.
"""

from typing import NamedTuple

import msgspec

from gateway.trace.rows import Rows
from gateway.tracing import id_behind, trace_from, trace_of
from normalizer.ids import uuid7

SKEW = 60_000
"""By how much the order of events may differ from that of their ids: a batch, two processes, a clock."""
SOON = 5_000
"""Within which nearly everything is that follows."""
MOST = 250_000
"""Events, or raw requests, that one search looks at."""
MOST_FOUND = 500
_NEWEST = "SELECT (SELECT min(position) FROM events), (SELECT max(position) FROM events)"
_ID_SINCE = "SELECT id FROM events WHERE position >= ? ORDER BY position LIMIT 1"
_TRACED = (
    "SELECT position, type, subject, CAST(body AS TEXT) ->> '$.traceparent' FROM events"
    " WHERE position BETWEEN ? AND ? AND instr(body, ?) > 0 ORDER BY position LIMIT ?"
)
_RAWS_TRACED = (
    "SELECT id, headers FROM (SELECT id, headers FROM raws WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT ?)"
    " AS newest WHERE instr(headers, ?) > 0 LIMIT ?"
)
_headers = msgspec.json.Decoder(dict[str, str])


class Traced(NamedTuple):
    """An event of a trace."""

    position: int
    type: str
    subject: str


def made_at(id_: str) -> int:
    """When an id was made."""
    return int(trace_from(id_)[:12], 16)


def window(rows: Rows, since: int, until: int) -> tuple[int, int]:
    """The first and the last position of what was made between two times; the last before the first: nothing."""
    return _first_since(rows, since), _first_since(rows, until + 1) - 1


def _first_since(rows: Rows, time: int) -> int:
    """The first position of what was made then or later; with none, the one to come."""
    ((oldest, newest),) = rows(_NEWEST)
    if newest is None:
        return 1
    bound, low, high = uuid7(max(0, time), 0), int(oldest), int(newest) + 1
    while low < high:
        middle = (low + high) // 2
        ((id_,),) = rows(_ID_SINCE, middle)
        low, high = (middle + 1, high) if id_ < bound else (low, middle)
    return low


def events_since(rows: Rows, trace: str, began: int) -> list[Traced]:
    """The events of a trace from its beginning on; those that came minutes later are left out."""
    at = _first_since(rows, began)
    for before, after in ((0, SOON), (SKEW, SKEW)):
        first, last = window(rows, began - before, began + after)
        found = _events(rows, trace, max(first, at - MOST // 2), min(last, at + MOST // 2))
        if found:
            return found
    return []


def newest_events(rows: Rows, trace: str) -> tuple[list[Traced], list[str]]:
    """The events and raw requests of a trace that began nobody knows when, among the newest."""
    ((oldest, newest),) = rows(_NEWEST)
    first, since = (newest or 0) - MOST + 1, 0
    if newest is not None and first > oldest:
        since = made_at(rows(_ID_SINCE, first)[0][0]) - SKEW
        rows.note(f"a trace that began elsewhere is looked for from event {first} on only")
    return _events(rows, trace, first, newest or 0), raws_between(rows, trace, since, None)


def raws_between(rows: Rows, trace: str, since: int, until: int | None) -> list[str]:
    """The raw requests that came with a trace, of those that came between two times; the newest first."""
    bounds = uuid7(max(0, since), 0), "~" if until is None else uuid7(until + 1, 0)
    found = rows(_RAWS_TRACED, *bounds, MOST, f"-{trace}-".encode(), MOST_FOUND)
    return [id_ for id_, headers in found if trace_kept(headers) == trace]


def raws_before(rows: Rows, trace: str, made: int) -> list[str]:
    """The raw requests that came with a trace shortly before something was made of them."""
    for before in (SOON, SKEW):
        if found := raws_between(rows, trace, made - before, made + SOON):
            return found
    return []


def began_here(trace: str, made: int) -> bool:
    """Whether something that was made at a time belongs to a trace that goes by an id of ours."""
    id_ = id_behind(trace)
    return id_ is not None and made_at(id_) <= made + SKEW


def trace_kept(headers: bytes) -> str | None:
    """The trace a raw request came with, by its headers as they are kept."""
    return trace_of(_headers.decode(headers or b"{}").get("traceparent"))


def _events(rows: Rows, trace: str, first: int, last: int) -> list[Traced]:
    found = rows(_TRACED, first, last, f'"traceparent":"00-{trace}-'.encode(), MOST_FOUND)
    return [Traced(*event) for *event, parent in found if trace_of(parent) == trace]
