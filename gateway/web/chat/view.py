"""What a caller may see: which conversations, and which messages in them.

Who is signed in sees the whole shared history of their proven identities in the inbox, what they wrote as visitors
included; a visitor what went over their own route. Notes leave for nobody.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2s
from typing import NamedTuple

from connectors.kit.chat import Caller
from gateway.api.queries import Rows
from gateway.arrival import Place
from gateway.store.transaction import listed
from normalizer.identity import EVERYWHERE, SHARED_SCHEMES, proven

MOST = 500
"""Conversations of one person that are looked at, the newest."""
MOST_VISITORS = 100
"""Of those one person was, the newest; what older ones wrote is shown, and cannot be quoted."""
MOST_CURSOR = 64
MOST_DIGITS = 18
_CONTACT = "SELECT contact_id FROM identities WHERE scheme = ? AND scope = ? AND value = ?"
_MERGED = (
    "WITH RECURSIVE one(id) AS (SELECT value FROM json_each(?)"
    " UNION SELECT c.id FROM contacts c JOIN one ON c.merged_into = one.id) SELECT id FROM one"
)
_ROUTES = (
    "SELECT r.id, r.conversation_id FROM routes r JOIN identities i ON i.id = r.identity_id"
    " WHERE r.connector_id = ? AND r.address IN (SELECT value FROM json_each(?)) AND i.scope = r.connector_id"
)
_JOINS = (
    "SELECT v.value, u.value FROM joins j JOIN identities v ON v.id = j.identity_id"
    " JOIN identities u ON u.id = j.into_id AND u.contact_id = v.contact_id WHERE j.{} ="
    " (SELECT id FROM identities WHERE scheme = ? AND scope = ? AND value = ?)"
)
_VISITORS = f"{_JOINS.format('into_id')} ORDER BY j.joined_at DESC LIMIT {MOST_VISITORS}"
_USERS = _JOINS.format("identity_id")


def _edge(end: str, first: str, second: str) -> str:
    """Position of a conversation's first or last event, of those that have one already: `first` holds what is looked at
    before `second`."""
    one = (
        "(SELECT position FROM {} WHERE conversation = c.number AND position IS NOT NULL ORDER BY sequence {} LIMIT 1)"
    )
    return f"coalesce({one.format(first, end)}, {one.format(second, end)})"


_SPANS = (
    f"SELECT c.id, c.number, {_edge('ASC', 'history', 'history_tail')}, {_edge('DESC', 'history_tail', 'history')}"
    " FROM conversations c WHERE c.{} IN (SELECT value FROM json_each(?)) AND c.inbox_id = ? AND c.kind = 'personal'"
    f" ORDER BY c.number DESC LIMIT {MOST}"
)


class Cursor(NamedTuple):
    position: int
    tag: str
    """Of the view at that position."""

    def __str__(self) -> str:
        return f"{self.position}-{self.tag}"


def read_cursor(text: str | None) -> Cursor | None:
    """None for what is none of ours."""
    position, dash, tag = (text or "")[:MOST_CURSOR].partition("-")
    if not dash or len(position) > MOST_DIGITS or not (position.isascii() and position.isdecimal()):
        return None
    return Cursor(int(position), tag)


class Span(NamedTuple):
    """A conversation in the feed: its number, and the positions of its first and newest event."""

    number: int
    first: int
    newest: int


class View(NamedTuple):
    whole: bool
    contacts: frozenset[str]
    routes: frozenset[str]
    """The caller's own."""
    conversations: Mapping[str, Span]
    addresses: Sequence[str] = ()
    """The caller's own, then those of the visitors they were."""
    left: bool = False
    """Of a visitor who is a signed-in user by now: what they see is over."""

    def tag(self, position: int) -> str:
        """Changes where something that stood at or before a position can be seen now and could not, or the reverse."""
        seen = sorted(id_ for id_, span in self.conversations.items() if span.first <= position)
        return blake2s("\n".join([str(self.whole), *seen]).encode(), digest_size=4).hexdigest()

    def cursor(self, position: int) -> str:
        """How a client that saw all of this up to a position says so."""
        return str(Cursor(position, self.tag(position)))

    def shows(self, conversation_id: str, route_id: str | None) -> bool:
        """Whether a message can be seen; what has no route is a note."""
        if route_id is None or conversation_id not in self.conversations:
            return False
        return self.whole or route_id in self.routes


NOTHING = View(False, frozenset(), frozenset(), {})


def view_of(rows: Rows, place: Place, caller: Caller) -> View:
    address = caller.peer.person.address
    names = [(address.scheme, place.connector_id, address.value)]
    if caller.visitor is None:
        claims = (claim for claim in caller.peer.claims if claim.scheme in SHARED_SCHEMES and proven(claim.proof))
        names += [(claim.scheme, EVERYWHERE, claim.value) for claim in claims]
    owners = {row[0] for name in names if (row := rows.one(_CONTACT, *name))}
    contacts = {id_ for (id_,) in rows.all(_MERGED, listed(owners))} if owners else set()
    addresses = own_addresses(rows, place, caller)
    routes = dict(rows.all(_ROUTES, place.connector_id, listed(addresses)))
    spans = rows.all(_SPANS.format("contact_id"), listed(contacts), place.inbox.id) if contacts else []
    current = [id_ for id_ in routes.values() if id_]
    spans += rows.all(_SPANS.format("id"), listed(current), place.inbox.id) if current else []
    return View(
        whole=caller.visitor is None,
        contacts=frozenset(contacts),
        routes=frozenset(routes),
        conversations={id_: Span(number, first, newest) for id_, number, first, newest in spans if newest is not None},
        addresses=addresses,
        left=has_left(rows, place, caller),
    )


def own_addresses(rows: Rows, place: Place, caller: Caller) -> list[str]:
    """Where what was written is the caller's own: at their address, and at those of the visitors they were."""
    address = caller.peer.person.address
    if caller.visitor is not None:
        return [address.value]
    visitors = rows.all(_VISITORS, address.scheme, place.connector_id, address.value)
    return [address.value, *(visitor for visitor, _ in visitors)]


def has_left(rows: Rows, place: Place, caller: Caller) -> bool:
    """Whether a visitor is a signed-in user by now (`gateway.people.joining`)."""
    address = caller.peer.person.address
    return (
        caller.visitor is not None and rows.one(_USERS, address.scheme, place.connector_id, address.value) is not None
    )
