"""Commands off the bus: each is carried out once and answered once, effect and answer in one transaction.

The answer of a command id is final, a rejection too: a command handed out again after a crash must not send what its
sender was told would not be sent. Answers are kept as long as other idempotency keys.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, get_args

import msgspec

from gateway.live import LiveConnector
from gateway.people.linking import LinkAsk, request
from gateway.people.orders import PeopleOrder, arrange
from gateway.send.accept import accept, hold
from gateway.send.asks import Accepted, Ask, Order, Rejected
from gateway.send.orders import order
from gateway.send.seen import ReadOrder, Seen, read
from gateway.store import schema
from gateway.store.session import beside_others
from gateway.store.transaction import Transaction
from normalizer.codec import decoder, encode
from normalizer.commands import (
    AboutMessages,
    AboutPeople,
    Arrangement,
    ReadConversation,
    RequestVerification,
    SendMessage,
)
from normalizer.events import AcceptanceData, Problem, RejectionData
from normalizer.model import Author, AuthorKind, Contact
from normalizer.proving import Link

Wanted = SendMessage | AboutMessages | ReadConversation | AboutPeople | Rejected
Answer = AcceptanceData | RejectionData
MOST_DETAIL = 1000
"""Characters: a detail may repeat what came."""


@dataclass(frozen=True)
class Commanded:
    """A command with its principal, which is the subscription whose queue it lay in."""

    subscription: str
    id: str
    type: str
    """As it came."""
    wanted: Wanted
    """What it asks for; or why it cannot be asked, which is then its answer."""
    said: bytes
    """What makes it the same command when it comes again."""
    connectors: Mapping[str, LiveConnector]
    redelivered: bool = False
    """The bus hands it out once more: the answer it may have stands in the feed already."""
    trace: str | None = None
    """To which what comes of it belongs, its answer too."""


@beside_others
def carry_out(transaction: Transaction, bulks: Sequence[Sequence[Commanded]]) -> list[None]:
    """Carries out each command of each bulk, in their order, and answers it with an event to come."""
    sends = [one.wanted for bulk in bulks for one in bulk if isinstance(one.wanted, SendMessage)]
    if sends:
        hold(transaction, sends)
    for bulk in bulks:
        for one in bulk:
            with transaction.tracing(one.trace):
                _carry_out(transaction, one)
    return [None] * len(bulks)


def _carry_out(transaction: Transaction, one: Commanded) -> None:
    transaction.flush()  # the one before may have been the same
    principal, key = f"subscription:{one.subscription}", f"command:{one.id}"
    fingerprint = hashlib.sha256(one.said).hexdigest()
    row = transaction.row(_KEPT, principal, key)
    if row is None:
        answer = _answer(transaction, principal, one)
        _tell(transaction, one, answer)
        transaction.insert(schema.idempotency, principal, key, fingerprint, _keep(answer), transaction.now_us)
    elif row[0] != fingerprint:
        rejected = Rejected(422, "idempotency_mismatch", "this id was used with another command: give each its own")
        _tell(transaction, one, _rejection(one, rejected))
    elif not one.redelivered:
        _tell(transaction, one, msgspec.structs.replace(_kept(row[1]), repeated=True))


def _answer(transaction: Transaction, principal: str, one: Commanded) -> Answer:
    wanted = one.wanted
    result = wanted if isinstance(wanted, Rejected) else CARRY_OUT[type(wanted)](transaction, principal, one)
    if isinstance(result, Rejected):
        return _rejection(one, result)
    return AcceptanceData(
        command_id=one.id, type=one.type, subscription=one.subscription, **RESULTS[type(result)](result)
    )


def _send(transaction: Transaction, principal: str, one: Commanded) -> Accepted | Rejected:
    command = one.wanted
    assert isinstance(command, SendMessage)
    if command.author and command.author.kind == AuthorKind.CONTACT:
        return Rejected(422, "invalid", "author.kind: nobody writes as a contact but the contact")
    return accept(transaction, [Ask(principal, _author(one), command, one.connectors)])[0]


def _order(transaction: Transaction, principal: str, one: Commanded) -> Accepted | Rejected:
    transaction.be_alone()
    command = one.wanted
    assert isinstance(command, AboutMessages)
    return order(transaction, [Order(principal, _author(one), command, one.connectors)])[0]


def _read(transaction: Transaction, _: str, one: Commanded) -> Seen | Rejected:
    transaction.be_alone()
    command = one.wanted
    assert isinstance(command, ReadConversation)
    return read(transaction, [ReadOrder(_author(one), command)])[0]


def _arrange(transaction: Transaction, _: str, one: Commanded) -> Contact | Rejected:
    transaction.be_alone()
    command = one.wanted
    assert isinstance(command, Arrangement)
    return arrange(transaction, [PeopleOrder(one.subscription, command)])[0]


def _verify(transaction: Transaction, principal: str, one: Commanded) -> Link | Rejected:
    transaction.be_alone()
    command = one.wanted
    assert isinstance(command, RequestVerification)
    return request(transaction, [LinkAsk(principal, command, one.connectors)])[0]


CARRY_OUT: Mapping[type[Any], Callable[[Transaction, str, Commanded], Accepted | Contact | Link | Seen | Rejected]] = {
    SendMessage: _send,
    **dict.fromkeys(get_args(AboutMessages), _order),
    ReadConversation: _read,
    **dict.fromkeys(get_args(Arrangement), _arrange),
    RequestVerification: _verify,
}
RESULTS: Mapping[type[Any], Callable[[Any], dict[str, Any]]] = {
    Accepted: lambda done: {
        "message_id": done.message.id,
        "delivery_id": done.delivery.id if done.delivery else None,
        "repeated": done.repeated,
    },
    Seen: lambda seen: {"message_id": seen.message_id, "delivery_id": None},
    Contact: lambda contact: {"message_id": None, "delivery_id": None, "contact_id": contact.id},
    Link: lambda link: {"message_id": link.message_id, "delivery_id": None, "contact_id": link.contact_id},
}
"""What the answer says of what was done."""


def _author(one: Commanded) -> Author:
    """Who writes where the command names nobody."""
    return Author(kind=AuthorKind.AGENT, name=one.subscription)


def _rejection(one: Commanded, rejected: Rejected) -> RejectionData:
    problem = Problem(
        type=f"urn:onethread:problem:{rejected.code}",
        title=HTTPStatus(rejected.status).phrase,
        status=rejected.status,
        detail=rejected.detail[:MOST_DETAIL],
        code=rejected.code,
    )
    return RejectionData(command_id=one.id, type=one.type, subscription=one.subscription, problem=problem)


def _tell(transaction: Transaction, one: Commanded, answer: Answer) -> None:
    source = f"/subscriptions/{one.subscription}"
    transaction.emit(_type_of(answer), answer, source=source, subject=one.id, partition=one.id)


def _type_of(answer: Answer) -> str:
    return next(type_ for type_, shape in _SHAPES.items() if isinstance(answer, shape))


def _keep(answer: Answer) -> str:
    """An answer as it is kept under its command's id."""
    return encode((_type_of(answer), answer)).decode()


def _kept(text: str) -> Answer:
    type_, data = _PAIR.decode(text)
    return decoder(_SHAPES[type_]).decode(data)


_SHAPES: Mapping[str, type[Answer]] = {"command.accepted": AcceptanceData, "command.rejected": RejectionData}
_KEPT = "SELECT fingerprint, message_id FROM idempotency WHERE principal = ? AND key = ?"
_PAIR = msgspec.json.Decoder(tuple[str, msgspec.Raw])
