"""A code comes back: written by the contact on a route of theirs, or handed in over the API; or not in time."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from gateway.people.awaited import SELECT_AWAITED, Awaited, count_wrong, end, is_right
from gateway.people.merge import Unmergeable, merge
from gateway.record.contacts import TREE, identity_at, reference, root_of, tell_contact
from gateway.record.desk import Desk
from gateway.record.people import Way
from gateway.send.asks import Refusal, Rejected
from gateway.store.times import from_us
from gateway.store.transaction import Transaction
from gateway.tracing import trace_in_hand
from normalizer.errors import ErrorCode
from normalizer.events import ContactData
from normalizer.identity import proven, scope_of
from normalizer.inbound import MessageReceived
from normalizer.model import ConversationKind, Proof
from normalizer.proving import Link, LinkState, Verdict, judged, spoken_code

log = structlog.get_logger()
_PENDING = f"{SELECT_AWAITED} WHERE state = 'pending' AND contact_id IN {TREE} ORDER BY id"
_RAISE = "UPDATE identities SET proof = ? WHERE id = ?"
REFUSALS = {
    Verdict.WRONG: (422, "wrong_code", "this is not the code that was sent"),
    Verdict.SPENT: (
        422,
        "wrong_code",
        "this is not the code that was sent, and it was the last attempt: ask for another",
    ),
    Verdict.EXPIRED: (422, ErrorCode.EXPIRED, "the code is no longer valid: ask for another"),
}


@dataclass(frozen=True)
class Confirmation:
    contact_id: str
    verification_id: str
    code: str = field(repr=False)
    """ASCII digits."""
    trace: str | None = field(default_factory=trace_in_hand)


def without_code(desk: Desk, way: Way, item: MessageReceived) -> MessageReceived:
    """Takes the code a message consists of, where one is awaited of who wrote it; the message with dots instead.

    Before the message finds its conversation: what the code proves may decide that.
    """
    code = spoken_code(item.text)
    if code is None or item.from_us or way.kind != ConversationKind.PERSONAL:
        return item
    if not proven(item.trust or item.peer.proof) or not _take(desk, way, code):
        return item
    return msgspec.structs.replace(item, text="•" * len(code), parts=())


def _take(desk: Desk, way: Way, code: str) -> bool:
    """Whether it is a code that is awaited of the contact at this route's end. A wrong one counts.

    One that comes from the very address it was sent to shows nothing about who asked.
    """
    transaction = desk.transaction
    rows = transaction.rows(_PENDING, way.contact.id)
    awaited = [one for row in rows if (one := Awaited(*row)).address != way.address]
    if awaited:
        transaction.be_alone()
    right = next((one for one in awaited if is_right(transaction, one, code)), None)
    if right is not None:
        return _judge(desk, right, right=True) is Verdict.PASSED
    for one in awaited:
        _judge(desk, one, right=False)
    return False


def confirm(transaction: Transaction, confirmations: Sequence[Confirmation]) -> list[Link | Rejected]:
    """Takes each code that was handed in. A wrong one counts, though it is refused."""
    results: list[Link | Rejected] = []
    for one in confirmations:
        try:
            with transaction.tracing(one.trace):
                results.append(_confirm(transaction, one))
        except Refusal as refusal:
            results.append(refusal.rejected)
    return results


def expire(transaction: Transaction, ids: Sequence[str]) -> list[None]:
    """Ends verifications whose time is over."""
    for id_ in ids:
        awaited = _find(transaction, id_)
        if awaited is not None and awaited.state == LinkState.PENDING and awaited.expires_at <= transaction.now_us:
            end(transaction, awaited, LinkState.EXPIRED, "expired")
            transaction.flush()
    return [None] * len(ids)


def _confirm(transaction: Transaction, one: Confirmation) -> Link:
    transaction.flush()
    awaited = _find(transaction, one.verification_id)
    root = root_of(transaction, one.contact_id)
    if awaited is None or root is None or root_of(transaction, awaited.contact_id) != root:
        raise Refusal(404, "not_found", "there is no such link of this contact")
    if awaited.state == LinkState.PASSED:
        return awaited.model()
    if awaited.state != LinkState.PENDING:
        raise Refusal(422, ErrorCode.EXPIRED, f"the link has {awaited.state}: ask for another code")
    desk = Desk(transaction)
    verdict = _judge(desk, awaited, right=is_right(transaction, awaited, one.code))
    desk.save()
    if verdict is not Verdict.PASSED:
        raise Refusal(*REFUSALS[verdict])
    if awaited.state != LinkState.PASSED:
        raise Refusal(409, "conflict", "the address is another user's of the app")
    return awaited.model()


def _find(transaction: Transaction, id_: str) -> Awaited | None:
    row = transaction.row(f"{SELECT_AWAITED} WHERE id = ?", id_)
    return Awaited(*row) if row else None


def _judge(desk: Desk, awaited: Awaited, *, right: bool) -> Verdict:
    transaction = desk.transaction
    verdict = judged(awaited.attempts, from_us(awaited.expires_at), transaction.now, right=right)
    if verdict is Verdict.PASSED:
        _pass(desk, awaited)
    elif verdict is Verdict.EXPIRED:
        end(transaction, awaited, LinkState.EXPIRED, "expired")
    else:
        count_wrong(transaction, awaited)
        if verdict is Verdict.SPENT:
            end(transaction, awaited, LinkState.FAILED, "wrong_code")
    return verdict


def _pass(desk: Desk, awaited: Awaited) -> None:
    """The address is the contact's: its proof rises, and whoever had it becomes one with them."""
    transaction = desk.transaction
    transaction.flush()
    scope = scope_of(awaited.scheme, Proof.VERIFIED, awaited.connector_id)
    found = identity_at(transaction, awaited.scheme, scope, awaited.address)
    assert found is not None  # made, at the latest, when the code was sent
    try:
        contact = merge(desk, awaited.contact_id, found.contact.id, "a code sent to the address came back", anew=True)
    except Unmergeable as reason:
        log.warning("a proven address stays another's", contact=awaited.contact_id, reason=str(reason))
        end(transaction, awaited, LinkState.FAILED, "conflict")
        return
    identity = msgspec.structs.replace(found.identity, contact_id=contact.id, proof=Proof.VERIFIED)
    transaction.change(_RAISE, identity.proof, identity.id)
    desk.crowd.forget(identity)
    tell_contact(
        transaction,
        None,
        "contact.updated",
        contact.id,
        ContactData(contact=reference(contact), identities=(identity,)),
    )
    awaited.contact_id = contact.id
    end(transaction, awaited, LinkState.PASSED)
