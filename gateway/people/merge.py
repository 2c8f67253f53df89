"""Two contacts become one, and two again: identities, conversations and routes follow, messages stay where written."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.arrival import Place
from gateway.ids import new_id
from gateway.record.cases import Case
from gateway.record.contacts import TREE, contact_of, held_by, reference, root_of, tell_contact
from gateway.record.desk import Desk
from gateway.service.waiting import take_over
from gateway.store import schema
from gateway.store.transaction import Transaction, listed
from normalizer.belonging import sharing_key
from normalizer.codec import decoder, encode
from normalizer.events import MergeData
from normalizer.identity import proven, scope_of
from normalizer.merging import Apart, Held, Open, against, below, divided, elder, returned, taken, together, united
from normalizer.model import (
    PRIORITY_RANK,
    Contact,
    ConversationKind,
    ConversationState,
    Identity,
    Priority,
    Proof,
    Sharing,
)

_SAVE = "UPDATE contacts SET body = ?, merged_into = ? WHERE id = ?"
_GIVE = "UPDATE identities SET contact_id = ?, home_id = ?, scope = ?, proof = ? WHERE id = ?"
_AT = "SELECT 1 FROM identities WHERE scheme = ? AND scope = ? AND value = ?"
_MOVE_ROUTES = "UPDATE routes SET conversation_id = ? WHERE conversation_id = ?"
_PARTED = (
    "SELECT 1 FROM merges WHERE undone_at IS NOT NULL"
    " AND ((merged_id = ?1 AND contact_id = ?2) OR (merged_id = ?2 AND contact_id = ?1)) LIMIT 1"
)
_STANDING = (
    "SELECT id, contact_id, before, after, taken FROM merges WHERE merged_id = ? AND undone_at IS NULL"
    " ORDER BY id DESC LIMIT 1"
)
_UNDONE = "UPDATE merges SET undone_at = ?, before = X'', after = X'', taken = '[]' WHERE id = ?"
"""What is left says that the two stay two."""
_CASES = "SELECT id FROM conversations WHERE contact_id IN (SELECT value FROM json_each(?)) AND state <> 'closed'"
_STRAY = (
    "UPDATE routes SET conversation_id = NULL WHERE identity_id IN (SELECT value FROM json_each(?))"
    " AND conversation_id IN (SELECT id FROM conversations WHERE contact_id <> ?)"
)
_LEFT_BEHIND = (
    "UPDATE routes SET conversation_id = NULL"
    " WHERE conversation_id IN (SELECT id FROM conversations WHERE contact_id = ?)"
    " AND identity_id NOT IN (SELECT id FROM identities WHERE contact_id = ?)"
)
_POINTERS = f"SELECT id, merged_into FROM contacts WHERE merged_into IS NOT NULL AND id IN {TREE}"  # noqa: S608 - ours
_contact = decoder(Contact)


class Unmergeable(Exception):
    """The two must stay two."""

    def __init__(self, why: Apart) -> None:
        super().__init__(why.value)
        self.why = why


def merge(
    desk: Desk,
    one: str,
    other: str,
    why: str,
    place: Place | None = None,
    *,
    vouched: bool = False,
    anew: bool = False,
) -> Contact:
    """Makes two contacts one and says so; the one that stays. What is one already stays as it is.

    `vouched`: an operator says that they are one person; `anew`: they proved it now, whatever was undone before. Raises
    KeyError for an id that is no contact's, Unmergeable.
    """
    transaction = desk.transaction
    transaction.be_alone()
    settle(desk)
    ids = root_of(transaction, one), root_of(transaction, other)
    if None in ids:
        raise KeyError(one if ids[0] is None else other)
    stays_id, goes_id = elder(ids[0] or "", ids[1] or "")
    before, goes = _stored(transaction, stays_id), _stored(transaction, goes_id)
    if stays_id == goes_id:
        return before
    parted = not anew and transaction.row(_PARTED, stays_id, goes_id) is not None
    if reason := against(before, goes, vouched=vouched, parted=parted):
        raise Unmergeable(reason)
    after = united(before, goes)
    moved = taken(held_by(transaction, goes_id), stays_id)
    if vouched:
        moved = _vouched(transaction, (*moved, *held_by(transaction, stays_id)))
    give(transaction, moved)
    transaction.change(_SAVE, encode(after), None, stays_id)
    transaction.change(_SAVE, encode(msgspec.structs.replace(goes, merged_into=stays_id)), stays_id, goes_id)
    took = _unite(desk, stays_id, goes_id)
    now = transaction.now_us
    record = (new_id(), stays_id, goes_id, encode(before), encode(after), listed(took), why, now, None)
    transaction.insert(schema.merges, *record)
    desk.crowd.regard(after, moved)
    _tell(desk, place, "contact.merged", after, goes, moved, why)
    settle(desk)
    return after


def unmerge(desk: Desk, contact_id: str, why: str) -> Contact:
    """Gives a merged contact back what was its own; that contact, which points nowhere now.

    One that was not merged stays as it is. Raises KeyError for an id that is no contact's.
    """
    transaction = desk.transaction
    settle(desk)
    leaves, root = contact_of(transaction, contact_id), root_of(transaction, contact_id)
    if leaves is None or root is None:
        raise KeyError(contact_id)
    row = transaction.row(_STANDING, contact_id)
    if leaves.merged_into is None or row is None:
        return leaves
    record_id, parent_id, before, after, took = row
    pointers = dict(transaction.rows(_POINTERS, root))
    back = returned(held_by(transaction, root), pointers, contact_id)
    leaves = msgspec.structs.replace(leaves, merged_into=None)
    parent = divided(_stored(transaction, parent_id), _contact.decode(before), _contact.decode(after))
    transaction.change(_SAVE, encode(leaves), None, contact_id)
    transaction.change(_SAVE, encode(parent), parent.merged_into, parent_id)
    transaction.change(_UNDONE, transaction.now_us, record_id)
    give(transaction, back)
    transaction.flush()
    identity_ids = [one.identity.id for one in back]
    _give_back(desk, leaves, below(pointers, contact_id), msgspec.json.decode(took, type=list[str]), identity_ids)
    transaction.change(_STRAY, listed(identity_ids), contact_id)
    transaction.change(_LEFT_BEHIND, contact_id, contact_id)
    _tell(desk, None, "contact.unmerged", _stored(transaction, root), leaves, back, why)
    settle(desk)
    return leaves


def settle(desk: Desk) -> None:
    """What is in hand, written: what follows reads the store."""
    desk.save()
    desk.transaction.flush()


def _stored(transaction: Transaction, contact_id: str) -> Contact:
    contact = contact_of(transaction, contact_id)
    assert contact is not None
    return contact


def give(transaction: Transaction, held: Sequence[Held]) -> None:
    """Writes whose identities are, and how well proven."""
    for one in held:
        identity = one.identity
        transaction.change(_GIVE, identity.contact_id, one.home_id, identity.scope, identity.proof, identity.id)


def _vouched(transaction: Transaction, held: Sequence[Held]) -> tuple[Held, ...]:
    """The identities as an operator's word leaves them: what was only asserted is proven, and counts where it may."""
    raised = []
    for one in held:
        identity = one.identity
        if not proven(identity.proof):
            scope = scope_of(identity.scheme, Proof.VERIFIED, identity.scope)
            free = transaction.row(_AT, identity.scheme, scope, identity.value) is None
            identity = msgspec.structs.replace(identity, proof=Proof.VERIFIED, scope=scope if free else identity.scope)
        raised.append(Held(identity=identity, home_id=one.home_id))
    return tuple(raised)


def _tell(
    desk: Desk, place: Place | None, type_: str, stays: Contact, other: Contact, held: Sequence[Held], why: str
) -> None:
    identities: tuple[Identity, ...] = tuple(one.identity for one in held)
    data = MergeData(contact=reference(stays), merged=reference(other), identities=identities, why=why)
    tell_contact(desk.transaction, place, type_, stays.id, data)


def _unite(desk: Desk, stays: str, goes: str) -> list[str]:
    """Makes the open conversations of both those of one; the ids of those that were the other's."""
    cases = [desk.cases.get(id_) for (id_,) in desk.transaction.rows(_CASES, listed((stays, goes)))]
    keys = {case.id: _key(case, stays, goes) for case in cases}
    took = [case.id for case in cases if case.contact_id == goes]
    wanted = (Open(id=case.id, number=case.number, sharing_key=keys[case.id]) for case in cases)
    for first, rest in together(wanted):
        case = desk.cases.get(first.id)
        for younger in rest:
            fold(desk, desk.cases.get(younger.id), case)
        if rest:
            settle(desk)  # the place is free before another takes it
        if case.contact_id != stays:
            desk.cases.rekey(case, stays, first.sharing_key)
            desk.cases.tell(case, "conversation.updated", None, "its contact was merged")
    return took


def _key(case: Case, contact_id: str, former: str) -> str:
    """The place a conversation wants once its contact is another; one that is no contact's place stays its own."""
    own = sharing_key(Sharing.CONTACT, ConversationKind.PERSONAL, case.inbox_id, former, "", "")
    new = sharing_key(Sharing.CONTACT, ConversationKind.PERSONAL, case.inbox_id, contact_id, "", "")
    return new if case.sharing_key == own else case.sharing_key


def fold(desk: Desk, case: Case, into: Case, why: str = "their contacts were merged") -> None:
    """Closes a conversation as part of an older one, which takes over what it has not itself. `settle` comes after."""
    labels = [*msgspec.json.decode(into.labels), *msgspec.json.decode(case.labels)]
    wanted: dict[str, Any] = {
        name: getattr(case, name)
        for name in ("subject", "category", "team", "assignee")
        if getattr(into, name) is None and getattr(case, name) is not None
    }
    wanted["labels"] = msgspec.json.encode(list(dict.fromkeys(labels))).decode()
    wanted["priority"] = min(case.priority, into.priority, key=lambda name: PRIORITY_RANK[Priority(name)])
    if case.state == ConversationState.OPEN:
        wanted["state"] = ConversationState.OPEN
    take_over(desk, case, into)
    desk.cases.merge(case, into, why)
    desk.cases.change(into, f"conversation {case.number} became part of it", **wanted)
    desk.transaction.change(_MOVE_ROUTES, into.id, case.id)


def _give_back(
    desk: Desk, leaves: Contact, theirs: frozenset[str], took: Sequence[str], identity_ids: Sequence[str]
) -> None:
    """Conversations that were the leaving contact's, and in which nobody else wrote since, are its own again."""
    for id_ in took:
        case = desk.cases.get(id_)
        if case.state == ConversationState.CLOSED or case.contact_id in theirs:
            continue
        others = desk.transaction.row(_OTHERS, case.number, listed(identity_ids))
        key = _key(case, leaves.id, case.contact_id or "")
        if others is None and desk.cases.shared(key) is None:
            desk.cases.rekey(case, leaves.id, key)
            desk.cases.tell(case, "conversation.updated", None, "its contact is its own again")
    settle(desk)


_OTHERS = (
    "SELECT 1 FROM (SELECT * FROM history UNION ALL SELECT * FROM history_tail) h"
    " JOIN events e ON e.position = h.position JOIN messages m ON m.id = e.subject JOIN routes r ON r.id = m.route_id"
    " WHERE h.conversation = ? AND r.identity_id NOT IN (SELECT value FROM json_each(?)) LIMIT 1"
)
