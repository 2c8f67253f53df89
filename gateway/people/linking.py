"""A contact asks to be known by another address too: a one-time code goes there, and comes back where they are proven.

There is no link to click instead: programs that look at mail for people click on all of them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.ids import new_id
from gateway.live import LiveConnector
from gateway.people.awaited import SELECT_AWAITED, TIMER, Awaited, end, hashed, new_code
from gateway.people.wording import MARK, code_text
from gateway.record.contacts import contact_of, held_by, identity_at, root_of, tell_contact
from gateway.record.desk import Desk
from gateway.record.timers import set_timer
from gateway.send.asks import Ask, Refusal, Rejected
from gateway.send.each import each
from gateway.send.standing import Frozen, Plan, queue
from gateway.send.target import Target, aim
from gateway.store import schema
from gateway.store.times import SECOND
from gateway.store.transaction import Transaction
from gateway.tracing import trace_in_hand
from normalizer.addresses import InvalidAddress, normalise
from normalizer.codec import encode
from normalizer.commands import Recipient, RequestVerification, SendMessage
from normalizer.errors import ErrorCode
from normalizer.events import VerificationData
from normalizer.identity import proven, scope_of
from normalizer.model import PRIORITY_RANK, Author, AuthorKind, Contact, Direction, Message, Priority, Proof, Purpose
from normalizer.proving import DIGITS, LASTS, Link, LinkState
from normalizer.render import render

AN_HOUR = 3_600 * SECOND
MOST_ASKED = 5
"""Codes that one contact may have sent in an hour …"""
MOST_SENT = 3
"""… and that one address may get."""
SYSTEM = Author(kind=AuthorKind.SYSTEM)
_ASKED = "SELECT count(*) FROM verifications WHERE contact_id = ? AND created_at > ?"
_SENT = "SELECT count(*) FROM verifications WHERE address = ? AND created_at > ? AND connector_id = ?"
_SAME = f"{SELECT_AWAITED} WHERE contact_id = ? AND state = 'pending' AND scheme = ? AND address = ?"
_KEPT = "SELECT fingerprint, message_id FROM idempotency WHERE principal = ? AND key = ?"


@dataclass(frozen=True)
class LinkAsk:
    """A command with its principal. `connectors` are those configured when it came."""

    principal: str
    command: RequestVerification
    connectors: Mapping[str, LiveConnector]
    idempotency_key: str | None = None
    trace: str | None = field(default_factory=trace_in_hand)
    code: str = field(default_factory=new_code, repr=False)


def request(transaction: Transaction, asks: Sequence[LinkAsk]) -> list[Link | Rejected]:
    """Sends each its code, or says why not. A refused one leaves no trace."""
    return each(transaction, asks, _request)


def _request(desk: Desk, ask: LinkAsk) -> Link:
    transaction, command = desk.transaction, ask.command
    fingerprint = hashlib.sha256(encode(command)).hexdigest()
    if before := _repeated(transaction, ask, fingerprint):
        return before
    contact = _asker(transaction, command.contact_id)
    connector, value = _destination(ask)
    _may_ask(transaction, contact, connector, value)
    for row in transaction.rows(_SAME, contact.id, connector.place.scheme, value):
        end(transaction, Awaited(*row), LinkState.FAILED, "superseded")
    awaited = Awaited(
        id=new_id(),
        contact_id=contact.id,
        connector_id=connector.id,
        scheme=connector.place.scheme,
        address=value,
        code=b"",
        attempts=0,
        state=LinkState.PENDING,
        message_id=new_id(),
        created_at=transaction.now_us,
        expires_at=transaction.now_us + LASTS * SECOND,
    )
    awaited.code = hashed(transaction, awaited.id, ask.code)
    _send(desk, ask, awaited, connector, contact)
    transaction.insert(
        schema.verifications, *(getattr(awaited, column.name) for column in schema.verifications.columns)
    )
    if ask.idempotency_key:
        kept = (ask.principal, f"link:{ask.idempotency_key}", fingerprint, awaited.id, transaction.now_us)
        transaction.insert(schema.idempotency, *kept)
    set_timer(transaction, TIMER, awaited.id, awaited.expires_at)
    link = awaited.model()
    tell_contact(transaction, connector.place, "verification.requested", contact.id, VerificationData(link=link))
    return link


def _repeated(transaction: Transaction, ask: LinkAsk, fingerprint: str) -> Link | None:
    row = transaction.row(_KEPT, ask.principal, f"link:{ask.idempotency_key}") if ask.idempotency_key else None
    if row is None:
        return None
    if row[0] != fingerprint:
        raise Refusal(422, "idempotency_mismatch", "this Idempotency-Key was used with another body")
    [found] = transaction.rows(f"{SELECT_AWAITED} WHERE id = ?", row[1])
    return Awaited(*found).model()


def _asker(transaction: Transaction, contact_id: str) -> Contact:
    """Who asks, as they are now. Nothing is linked to somebody who has proven nothing."""
    contact = contact_of(transaction, root_of(transaction, contact_id) or "")
    if contact is None:
        raise Refusal(404, "not_found", f"there is no contact {contact_id}")
    if not any(proven(one.identity.proof) for one in held_by(transaction, contact.id)):
        raise Refusal(422, "unproven", "no address of this contact is proven; whoever wrote may be anybody")
    return contact


def _destination(ask: LinkAsk) -> tuple[LiveConnector, str]:
    command = ask.command
    if (command.connector is None) == (command.channel is None):
        raise Refusal(422, "invalid_target", "name exactly one of connector and channel")
    if command.text is not None and MARK not in command.text:
        raise Refusal(422, "invalid", f"text: it needs {MARK} where the code goes")
    connector = next(
        (
            one
            for name, one in ask.connectors.items()
            if name == command.connector
            or (one.place.channel == command.channel and one.plugin.info.capability.initiates)
        ),
        None,
    )
    if connector is None:
        raise Refusal(422, ErrorCode.NO_ROUTE, "there is no such connector that can write first")
    try:
        return connector, normalise(connector.place.scheme, command.address)
    except InvalidAddress as error:
        raise Refusal(422, ErrorCode.INVALID_ADDRESS, f"address: {error}") from error


def _may_ask(transaction: Transaction, contact: Contact, connector: LiveConnector, value: str) -> None:
    scheme = connector.place.scheme
    found = identity_at(transaction, scheme, scope_of(scheme, Proof.VERIFIED, connector.id), value)
    if found and found.contact.id == contact.id and found.identity.proof == Proof.VERIFIED:
        raise Refusal(409, "conflict", "the address is proven to be theirs already")
    since = transaction.now_us - AN_HOUR
    asked = transaction.rows(_ASKED, contact.id, since)[0][0] >= MOST_ASKED
    if asked or transaction.rows(_SENT, value, since, connector.id)[0][0] >= MOST_SENT:
        raise Refusal(429, ErrorCode.RATE_LIMITED, "too many codes within an hour, of this contact or to this address")


def _send(desk: Desk, ask: LinkAsk, awaited: Awaited, connector: LiveConnector, contact: Contact) -> None:
    """A message that shows dots, and a delivery that carries the code."""
    transaction, command = desk.transaction, ask.command
    to = Recipient(connector=connector.id, address=awaited.address)
    wanted = SendMessage(to=to, text=MARK, purpose=Purpose.SERVICE)
    target = aim(desk, Ask(ask.principal, SYSTEM, wanted, ask.connectors))
    way = target.way
    assert way is not None
    theirs = contact_of(transaction, way.contact.id)
    text = command.text or code_text(theirs.locale if theirs else None, contact.locale)
    message = _message(desk, awaited, target, text.replace(MARK, "•" * DIGITS))
    desk.append(target.case, message, "message.created", place=connector.place, way=way, contact=way.contact)
    rendered = render(text.replace(MARK, ask.code), (), (), connector.plugin.info.capability, False, {})
    plan = Plan(
        why="code to an address that is to be proven",
        payloads=tuple(Frozen(body=payload) for payload in rendered.payloads),
        losses=rendered.losses,
    )
    rank = PRIORITY_RANK[Priority.HIGH]
    queue(transaction, message, way.id, way.connector_id, plan, rank=rank, expires_at=awaited.expires_at)


def _message(desk: Desk, awaited: Awaited, target: Target, text: str) -> Message:
    now = desk.transaction.now
    return Message(
        id=awaited.message_id,
        conversation_id=target.case.id,
        sequence=desk.cases.advance(target.case),
        direction=Direction.OUT,
        author=SYSTEM,
        route_id=target.way.id if target.way else None,
        purpose=Purpose.SERVICE,
        text=text,
        occurred_at=now,
        received_at=now,
        recorded_at=now,
    )
