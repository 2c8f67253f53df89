"""Which items, of which raw requests, made or changed a message; and the other way round.

No index leads from a message to its dedupe keys, since every message would pay for it. Nearly all keys say the
message's name at the provider, and are found by that; of others the event tells the request, by its trace. What neither
finds is looked for among all keys of the connector, a tenth of a second for a million.
"""

from collections.abc import Iterable
from typing import NamedTuple

from gateway.record.desk import KEY
from gateway.trace.rows import IN, Rows
from gateway.trace.searching import SOON, began_here, events_since, made_at, raws_before, trace_kept
from gateway.tracing import id_behind, trace_from
from normalizer.codec import decoder
from normalizer.model import Message

MOST_KEYS = 5_000_000
"""Of a connector, that are looked through."""
MOST_ITEMS = 200
"""Of one message under one name."""
MOST_WORDS = 64
WHOLE = "fragment:"
"""How the key of a message that was put together begins."""
_COLUMNS = "connector_id, key, raw_id, message_id, recorded_at"
_EXACTLY = f"SELECT {_COLUMNS} FROM arrivals WHERE connector_id = ? AND key = ?"
_BEGINNING = f"SELECT {_COLUMNS} FROM arrivals WHERE connector_id = ? AND key >= ? AND key < ? LIMIT ?"
_NEXT_KEY = "SELECT min(key) FROM arrivals WHERE connector_id = ? AND key >= ?"
_THROUGH = (
    f"SELECT {_COLUMNS} FROM (SELECT {_COLUMNS} FROM arrivals WHERE connector_id = ? ORDER BY key LIMIT ?)"
    f" AS found WHERE raw_id {IN} OR message_id {IN} ORDER BY key"
)
_MORE = "SELECT 1 FROM arrivals WHERE connector_id = ? LIMIT 1 OFFSET ?"
_OF_QUARANTINE = (
    "SELECT a.connector_id, a.key, a.raw_id, a.message_id, a.recorded_at FROM quarantine q"
    f" JOIN arrivals a ON a.connector_id = q.connector_id AND a.key = q.key WHERE q.raw_id {IN}"
)
_GROUP = "SELECT grouping FROM fragments WHERE connector_id = ? AND key = ?"
_PIECES = (
    "SELECT a.connector_id, a.key, a.raw_id, a.message_id, a.recorded_at FROM fragments f"
    " JOIN arrivals a ON a.connector_id = f.connector_id AND a.key = f.key WHERE f.connector_id = ? AND f.grouping = ?"
)
_CONNECTORS = (
    "SELECT connector_id FROM routes WHERE id = ? UNION SELECT connector_id FROM deliveries WHERE message_id = ?"
)
_KNOWN = "SELECT 1 FROM external_ids WHERE connector_id = ? AND external_id = ?"
_RAWS = f"SELECT id, connector_id, headers FROM raws WHERE id {IN}"
_MESSAGES = f"SELECT body FROM messages WHERE id {IN}"


class Arrived(NamedTuple):
    """A row of `arrivals`."""

    connector_id: str
    key: str
    raw_id: str
    message_id: str | None
    recorded_at: int


class Cause(NamedTuple):
    """What an event tells of the request that caused it."""

    trace: str
    made: int
    """When the event was, in milliseconds since 1970 UTC."""


def connectors_of(rows: Rows, message: Message) -> list[str]:
    """By which it came or left."""
    return [connector for (connector,) in rows(_CONNECTORS, message.route_id, message.id)]


def by_names(rows: Rows, message: Message) -> list[Arrived]:
    """The items whose keys say a name of the message at the provider: `message:<name>`, `status:<name>:sent`."""
    found: dict[tuple[str, str], Arrived] = {}
    for connector in connectors_of(rows, message) if message.external_ids else ():
        for word in _words(rows, connector):
            for name in message.external_ids:
                start = word + name
                exact = [Arrived(*row) for row in rows(_EXACTLY, connector, start)]
                longer = [Arrived(*row) for row in rows(_BEGINNING, connector, f"{start}:", f"{start};", MOST_ITEMS)]
                of_it = [one for one in (*exact, *longer) if _is_about(rows, one, message.id, word, name)]
                found |= {(one.connector_id, one.key): one for one in of_it}
    return with_pieces(rows, found.values())


def with_pieces(rows: Rows, items: Iterable[Arrived]) -> list[Arrived]:
    """What came in pieces with all of them, and the message put together, for as long as pieces are kept."""
    found = {(one.connector_id, one.key): one for one in items}
    for one in list(found.values()):
        groups = [one.key.removeprefix(WHOLE)] if one.key.startswith(WHOLE) else []
        for group in groups or [group for (group,) in rows(_GROUP, one.connector_id, one.key)]:
            whole = rows(_EXACTLY, one.connector_id, WHOLE + group)
            more = [Arrived(*row) for row in (*whole, *rows(_PIECES, one.connector_id, group))]
            found |= {(another.connector_id, another.key): another for another in more}
    return list(found.values())


def _words(rows: Rows, connector: str) -> list[str]:
    """What the keys of a connector begin with, up to their first colon: one step of the index for each."""
    words, after = [""], ""
    for _ in range(MOST_WORDS):
        ((key,),) = rows(_NEXT_KEY, connector, after)
        if key is None:
            break
        word, colon, _ = key.partition(":")
        words += [f"{word}:"] if colon else []
        after = f"{word};" if colon else f"{key}\1"  # the least that a text of either engine can have
    return words


def _is_about(rows: Rows, one: Arrived, message_id: str, word: str, name: str) -> bool:
    """What waited for its message, or is a piece of it, was recorded without: then its name alone tells."""
    if one.message_id is not None:
        return one.message_id == message_id
    rest = one.key.removeprefix(word)
    while len(rest) > len(name):
        if rows(_KNOWN, one.connector_id, rest) or rows(_EXACTLY, one.connector_id, KEY + rest):
            return False  # it is another's, whose name begins alike
        rest = rest.rpartition(":")[0]
    return rest == name


def behind(rows: Rows, causes: Iterable[Cause]) -> list[set[str]]:
    """The raw requests each cause may be, mostly one; those of commands are none."""
    found = []
    for cause in {(one.trace, one.made // SOON): one for one in causes}.values():
        if began_here(cause.trace, cause.made):
            found.append({id_ for id_, *_ in rows(_RAWS, {id_behind(cause.trace)})})
        else:
            found.append(set(raws_before(rows, cause.trace, cause.made)))
    return found


def of_requests(rows: Rows, raws: set[str]) -> list[Arrived]:
    """The items of quarantined requests."""
    return [Arrived(*row) for row in rows(_OF_QUARANTINE, raws)]


def through(rows: Rows, connectors: Iterable[str], raws: set[str], messages: set[str]) -> list[Arrived]:
    """The items of these requests or messages, among all keys of their connectors."""
    found: list[Arrived] = []
    for connector in sorted(set(connectors)):
        found += [Arrived(*row) for row in rows(_THROUGH, connector, MOST_KEYS, raws, messages)]
        if rows(_MORE, connector, MOST_KEYS):
            rows.note(f"{connector} has more than {MOST_KEYS} dedupe keys; not all were looked through")
    return found


def connectors_of_raws(rows: Rows, raws: set[str]) -> dict[str, str]:
    """By their ids, of those that are still kept."""
    return {id_: connector for id_, connector, _ in rows(_RAWS, raws)}


def messages_of(rows: Rows, raw_id: str) -> list[tuple[str]]:
    """The messages a raw request made or changed."""
    row = next(iter(rows(_RAWS, {raw_id})), None)
    if row is None:
        return []
    sent = trace_kept(row.headers)
    traced = events_since(rows, sent or trace_from(raw_id), made_at(raw_id))
    about = [decoder(Message).decode(body) for (body,) in rows(_MESSAGES, {event.subject for event in traced})]
    if sent is not None:  # others may have come with the same trace
        about = [one for one in about if raw_id in {item.raw_id for item in by_names(rows, one)}]
    if about:
        return [(one.id,) for one in about]
    items = through(rows, [row.connector_id], {raw_id}, set())
    return [(item.message_id,) for item in items if item.message_id is not None]
