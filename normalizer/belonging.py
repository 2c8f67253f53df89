"""Where a message belongs: an existing conversation, or a new one.

Asked in order: reply token or thread header, quoted message, the route's current conversation, the open conversation of
the sharing key. The store looks the four up and passes them in; nothing is fetched here.
"""

from datetime import datetime, timedelta

from normalizer.model import ConversationKind, ConversationState, Sharing, Time, Value


class Candidate(Value, frozen=True, kw_only=True):
    """A conversation something in the message points to."""

    conversation_id: str
    state: ConversationState
    closed_at: Time | None = None
    by_route_identity: bool = False
    """The sender is the identity of the route that conversation ran on. Asked of what a sender can forge: thread and
    quotation."""


class Facts(Value, frozen=True, kw_only=True):
    sharing: Sharing
    reopen_within: int
    """Seconds after closing; 0 never reopens."""
    kind: ConversationKind = ConversationKind.PERSONAL
    thread: Candidate | None = None
    """By reply token or thread header."""
    quoted: Candidate | None = None
    """The conversation of the quoted message."""
    current: Candidate | None = None
    """The route's current conversation."""
    shared: Candidate | None = None
    """The open conversation of the sharing key. Need not be looked up where `current` is open."""


class Existing(Value, frozen=True, kw_only=True):
    conversation_id: str
    reopens: bool
    """It was closed or snoozed and is open from now on."""
    why: str


class New(Value, frozen=True, kw_only=True):
    why: str


def belongs(facts: Facts, at: datetime) -> Existing | New:
    """The conversation a message received at `at` belongs to, and the rule that said so.

    Groups belong by their route alone. A closed conversation counts only within `reopen_within` seconds, and never
    beside an open one: a sharing key has at most one.
    """
    for why, candidate in _asked(facts):
        if candidate is not None and _counts(candidate, facts, at):
            reopens = candidate.state is not ConversationState.OPEN
            return Existing(conversation_id=candidate.conversation_id, reopens=reopens, why=why)
    return New(why="nothing open to continue")


def sharing_key(
    sharing: Sharing, kind: ConversationKind, inbox_id: str, contact_id: str | None, identity_id: str, route_id: str
) -> str:
    """What at most one open conversation exists for. Groups, and routes without a contact, share by route."""
    if kind is ConversationKind.GROUP:
        sharing = Sharing.ROUTE
    owner = {Sharing.CONTACT: contact_id, Sharing.ADDRESS: identity_id, Sharing.ROUTE: route_id}[sharing]
    if owner is None:
        sharing, owner = Sharing.ROUTE, route_id
    return f"{inbox_id}:{sharing}:{owner}"


def _asked(facts: Facts) -> tuple[tuple[str, Candidate | None], ...]:
    current = ("the route's current conversation", facts.current)
    shared = (f"open conversation of the {facts.sharing}", facts.shared)
    if facts.kind is ConversationKind.GROUP:
        return (current,)
    return (
        ("reply token or thread", _own(facts.thread)),
        ("quoted message", _own(facts.quoted)),
        current,
        shared,
    )


def _own(candidate: Candidate | None) -> Candidate | None:
    return candidate if candidate is not None and candidate.by_route_identity else None


def _counts(candidate: Candidate, facts: Facts, at: datetime) -> bool:
    if candidate.state is not ConversationState.CLOSED:
        return True
    others = (facts.current, facts.shared)
    beside = any(other is not None and other.state is not ConversationState.CLOSED for other in others)
    if candidate.closed_at is None or facts.reopen_within <= 0 or beside:
        return False
    return at - candidate.closed_at <= timedelta(seconds=facts.reopen_within)
