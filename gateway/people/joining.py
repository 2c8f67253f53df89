"""A visitor signs in: what they wrote and were answered becomes part of the signed-in user's history.

Whoever shows a genuine token of each has proven both. The visitor's identity goes over to the user's contact by the
rules of any merge, their open conversations become one, and what is sent to the visitor's route from then on goes to
the user's. A visitor is one user's for good: on a computer that several share, the next one gets nothing of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.arrival import Place
from gateway.people.merge import Unmergeable, fold, merge, settle
from gateway.people.proof import prove
from gateway.record.cases import Case
from gateway.record.contacts import Someone, identity_at
from gateway.record.desk import Desk
from gateway.record.people import SELECT_WAY, Way, way_of
from gateway.store import schema
from gateway.store.transaction import Transaction, listed
from gateway.tracing import trace_in_hand
from normalizer.belonging import sharing_key
from normalizer.events import RouteData
from normalizer.inbound import Peer
from normalizer.merging import Apart
from normalizer.model import ConversationKind, ConversationState

WHY = "the visitor signed in"
LED_ON = (
    "SELECT j.into_id FROM joins j JOIN identities a ON a.id = j.identity_id"
    " JOIN identities b ON b.id = j.into_id AND b.contact_id = a.contact_id WHERE j.identity_id = {}.identity_id"
)
"""The identity of the user a visitor turned out to be; `{}` is a row of routes."""
_JOINED = "SELECT into_id FROM joins WHERE identity_id = ?"
_WAYS = f"{SELECT_WAY} WHERE r.id IN (SELECT value FROM json_each(?))"  # noqa: S608 - ours
_LED_ON = (
    "SELECT v.id, u.id FROM routes v JOIN joins j ON j.identity_id = v.identity_id"
    " JOIN identities a ON a.id = j.identity_id JOIN identities b ON b.id = j.into_id AND b.contact_id = a.contact_id"
    " JOIN routes u ON u.identity_id = b.id AND u.connector_id = v.connector_id"
    " WHERE v.id IN (SELECT value FROM json_each(?)) ORDER BY u.id DESC"
)


class NotJoined(StrEnum):
    """Why a visitor is not the user's; clients hear it."""

    NOTHING_WRITTEN = "nothing_written"
    """Nothing of the visitor stands here."""
    OTHER_USER = "other_user"
    """They are another user's already."""
    KEPT_APART = "kept_apart"
    """An operator took the two apart, or one was erased."""


@dataclass(frozen=True)
class Joining:
    """Two people who showed genuine tokens of one connector together."""

    place: Place
    visitor: Peer
    user: Peer
    trace: str | None = field(default_factory=trace_in_hand)


class _Refused(Exception):
    """Undoes what was begun."""

    def __init__(self, why: NotJoined) -> None:
        super().__init__(why)
        self.why = why


def join(transaction: Transaction, joinings: Sequence[Joining]) -> list[NotJoined | None]:
    """Makes each visitor the user's, once; why not, where they stay apart, and then nothing was changed."""
    results: list[NotJoined | None] = []
    for one in joinings:
        try:
            with transaction.attempt(), transaction.tracing(one.trace):
                desk = Desk(transaction)
                _join(desk, one)
                desk.save()
                results.append(None)
        except _Refused as refused:
            results.append(refused.why)
    return results


def led_on(transaction: Transaction, route_ids: Iterable[str]) -> dict[str, str]:
    """Of these routes those of visitors who signed in, each with the user's route it leads to now."""
    wanted = list(route_ids)
    return dict(transaction.rows(_LED_ON, listed(wanted))) if wanted else {}


def standing_ways(transaction: Transaction, ways: Sequence[Way]) -> list[Way]:
    """The routes, those of visitors who signed in replaced by the user's."""
    led = led_on(transaction, [way.id for way in ways])
    if not led:
        return list(ways)
    rows = transaction.rows(_WAYS, listed(led.values()))
    users = {row[0]: way_of(row) for row in rows}
    found = (users[led[way.id]] if way.id in led else way for way in ways)
    return list({way.id: way for way in found}.values())


def _join(desk: Desk, one: Joining) -> None:
    transaction, place = desk.transaction, one.place
    visitor = _known(transaction, place, one.visitor)
    people = desk.crowd[place]
    people.load([one.user.person.address.value])
    way, new = people.way(one.user)
    if _is_joined(transaction, visitor, way):
        return
    prove(desk, place, way, one.user)
    try:
        merge(desk, way.contact.id, visitor.contact.id, WHY, place)
    except Unmergeable as error:
        raise _Refused(REFUSALS.get(error.why, NotJoined.KEPT_APART)) from error
    settle(desk)
    theirs = _ways(transaction, visitor.identity.id)
    for before in theirs:
        case = _one_case(desk, place, before, way)
        people.move(way, case.id)
        if before.last_inbound_at is not None:
            way.last_inbound_at = max(way.last_inbound_at or 0, before.last_inbound_at)
        people.touch(way)
    if new:
        people.add(way)
        if way.conversation_id is not None:
            case = desk.cases.get(way.conversation_id)
            data = RouteData(route=way.model())
            desk.cases.emit(case, "route.added", data, way.id, desk.cases.advance(case), place)
    transaction.insert(schema.joins, visitor.identity.id, way.identity_id, transaction.now_us)


REFUSALS = {Apart.TWO_USERS: NotJoined.OTHER_USER}
"""Why contacts stay two, as a client hears it where it is not `kept_apart`."""


def _known(transaction: Transaction, place: Place, peer: Peer) -> Someone:
    transaction.flush()
    address = peer.person.address
    someone = identity_at(transaction, address.scheme, place.connector_id, address.value)
    if someone is None:
        raise _Refused(NotJoined.NOTHING_WRITTEN)
    return someone


def _is_joined(transaction: Transaction, visitor: Someone, way: Way) -> bool:
    """Whether they are this user's already."""
    row = transaction.row(_JOINED, visitor.identity.id)
    if row is None:
        return False
    if row[0] != way.identity_id:
        raise _Refused(NotJoined.OTHER_USER)
    if visitor.contact.id != way.contact.id:
        raise _Refused(NotJoined.KEPT_APART)
    return True


def _ways(transaction: Transaction, identity_id: str) -> list[Way]:
    """The routes of an identity that lead somewhere."""
    sql = f"{SELECT_WAY} WHERE r.identity_id = ? AND r.kind = ? AND r.conversation_id IS NOT NULL"
    return [way_of(row) for row in transaction.rows(sql, identity_id, ConversationKind.PERSONAL)]


def _one_case(desk: Desk, place: Place, before: Way, way: Way) -> Case:
    """The conversation of both routes from now on. Those that go by address or route become one here; those that go by
    contact did with the contacts."""
    case = desk.cases.standing(before.conversation_id or "")
    if case.state == ConversationState.CLOSED:
        return desk.cases.get(way.conversation_id) if way.conversation_id else case
    inbox = place.inbox
    kind = ConversationKind.PERSONAL
    key = sharing_key(inbox.sharing, kind, inbox.id, way.contact.id, way.identity_id, way.id)
    other = desk.cases.shared(key)
    if other is not None and other is not case:
        older, younger = sorted((case, other), key=lambda one: one.number)
        fold(desk, younger, older, WHY)
        settle(desk)  # the place is free before another takes it
        case = older
    if case.sharing_key != key:
        desk.cases.rekey(case, way.contact.id, key)
        desk.cases.tell(case, "conversation.updated", None, WHY)
    return case
